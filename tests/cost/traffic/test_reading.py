from __future__ import annotations

import gzip
import io
import json
import os
import random
import sys
import tracemalloc
from collections.abc import Callable, Iterable
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from threading import Thread

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.log_files import find_sources
from ferryman.cost.traffic.log_summary import LogSummary
from ferryman.cost.traffic.log_tables import log_rows
from ferryman.cost.traffic.reading import read_logs

MONDAY = 1_767_571_200  # 2026-01-05T00:00:00Z


def report(second: int, billed: int = 100, memory: int = 512, extra: str = "") -> str:
    time = f"2026-01-05T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000Z"
    return (
        f"{time} REPORT RequestId: {second}\tDuration: {min(billed, 100) - 0.5} ms\t"
        f"Billed Duration: {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: 90 MB\t{extra}"
    )


def timed(seconds: Iterable[int]) -> str:
    return "".join(f"{MONDAY + second},10\n" for second in seconds)


HOURS = "\n".join(report(60 * n) for n in range(121)) + "\n"
ALB = (
    "http 2026-01-05T00:00:01.000000Z app/x/1 203.0.113.9:1 10.0.0.1:80 0.0 0.1 0.0 200 200 1 2"
    ' "GET / HTTP/1.1" "-" - -\n'
)


def read(tmp_path: Path, *logs: str | bytes, only: str | None = None) -> LogSummary:
    for number, log in enumerate(logs):
        data = log if isinstance(log, bytes) else log.encode()
        (tmp_path / f"{number}.log").write_bytes(data)
    return read_logs(find_sources([str(tmp_path)]), only)


def test_lambda_reports_give_every_input(tmp_path: Path) -> None:
    cold = report(30, 350, extra="Init Duration: 249.60 ms\t")
    failed = report(90, extra="Status: timeout\t")
    found = read(tmp_path, f"{HOURS}{cold}\n{failed}\n")
    assert found.requests == 123
    assert found.failed_share == pytest.approx(1 / 123)
    assert found.inputs == {
        "requests": Decimal(round(123 / 7200 * 730 * 3600)),
        "wall_ms": Decimal(100),
        "memory_mib": Decimal(512),
        "cold_start_share": Decimal(f"{1 / 123:.8f}"),
        "init_ms": Decimal(250),
        "peak_to_mean": pytest.approx(Decimal("1.008"), abs=Decimal("0.01")),
    }
    assert found.use is not None
    assert found.use.billed_gb_seconds == pytest.approx((122 * 100 + 350) / 1000 * 0.5)


def test_an_init_that_was_not_billed_is_taken_as_it_lasted(tmp_path: Path) -> None:
    """Before August 2025 a zip's init was free; what is priced is a month to come."""
    found = read(tmp_path, HOURS + report(30, 100, extra="Init Duration: 249.60 ms\t") + "\n")
    assert found.inputs["init_ms"] == Decimal("249.6")


def test_unreadable_lines_are_counted_and_the_first_is_shown(tmp_path: Path) -> None:
    lines = timed(range(0, 7200, 60)).splitlines()
    lines[3:3] = ["bad one", "", "\x00\xff\x1f", "MONDAY,1"]
    found = read(tmp_path, "\n".join(lines))
    assert found.requests == 120
    assert found.unread.lines == 3
    assert found.unread.where.endswith("0.log, line 4")
    assert found.unread.text == "bad one"
    assert "does not begin with a time" in found.unread.why


def test_a_line_of_ten_megabytes_is_one_unreadable_line(tmp_path: Path) -> None:
    lines = timed(range(0, 7200, 60))
    found = read(tmp_path, lines + "x" * 10_000_000 + "\n" + lines)
    assert (found.requests, found.unread.lines) == (240, 1)
    assert found.unread.where.endswith("line 121")
    assert "more than 1,048,576 bytes" in found.unread.why


def test_half_a_gzip_is_read_as_far_as_it_goes_and_said(tmp_path: Path) -> None:
    packed = gzip.compress(timed(range(0, 100_000)).encode())
    found = read(tmp_path, packed[: len(packed) // 2])
    assert 20_000 < found.requests < 100_000
    assert "is incomplete" in found.notes[0]


def test_an_empty_file_is_told_and_left(tmp_path: Path) -> None:
    found = read(tmp_path, "", timed(range(0, 7200, 60)))
    assert found.requests == 120
    assert found.notes == (f"{tmp_path / '0.log'}: the file is empty",)


def test_times_that_go_back_count_and_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, timed([*range(3600, 7200, 60), *range(0, 3600, 60)]))
    assert found.requests == 120
    assert found.covered == 7140
    assert "line 61: the times go back by 7,140 seconds" in found.notes[0]


def test_lines_a_little_out_of_order_are_as_servers_write_them(tmp_path: Path) -> None:
    assert read(tmp_path, timed([0, 3700, 3500])).notes == ()


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"BZh91AY&SY", "compressed with bzip2; decompress it first"),
        (b"PK\x03\x04\x14\0\0\0\x08\0", "a zip archive; extract it first"),
        (b"\x28\xb5\x2f\xfd\x04", "compressed with zstd; decompress it first"),
        (b"PAR1\x15\x04", "Parquet"),
        ("timestamp,count\n".encode("utf-16"), "in UTF-16; convert it to UTF-8"),
    ],
)
def test_a_file_that_cannot_be_read_as_it_is_says_what_it_is(
    tmp_path: Path, head: bytes, said: str
) -> None:
    found = read(tmp_path, timed(range(0, 7200, 60)), head + random.Random(1).randbytes(500))
    assert found.unread.lines == 0
    assert said in found.notes[0]


def test_a_heading_that_excel_wrote_still_makes_counts_of_the_numbers(tmp_path: Path) -> None:
    rows = "".join(f"2026-01-05T0{hour}:00:00Z,{1000 + hour}\r\n" for hour in range(4))
    found = read(tmp_path, b"\xef\xbb\xbftimestamp,count\r\n" + rows.encode())
    assert found.requests == 4006
    assert found.durations is None
    assert found.titles == ("lines of a time and a number of requests",)
    assert found.notes == ()


def test_counts_without_a_heading_are_pointed_out(tmp_path: Path) -> None:
    rows = "".join(f"2026-01-05 0{hour}:00,{1000 + hour}\n" for hour in range(5))
    found = read(tmp_path, rows)
    assert found.titles == ("lines of a time and its milliseconds",)
    assert "add the heading time,count" in found.notes[0]


@pytest.mark.parametrize("second", [3700, 3500])
def test_durations_at_uneven_times_are_taken_as_such(tmp_path: Path, second: int) -> None:
    rows = "".join(f"{MONDAY + at},{ms}\n" for at, ms in [(0, 5), (60, 6), (120, 7), (second, 8)])
    assert read(tmp_path, rows).notes == ()


def test_a_time_that_cannot_be_is_an_unreadable_line_and_no_more(tmp_path: Path) -> None:
    found = read(tmp_path, timed(range(0, 7200, 60)) + "2026-13-45 00:00,7\n")
    assert (found.requests, found.unread.lines) == (120, 1)


def test_empty_lines_are_not_unreadable(tmp_path: Path) -> None:
    found = read(tmp_path, f"{ALB}\n\r\n{ALB}\n")
    assert (found.requests, found.unread.lines) == (2, 0)


def test_a_day_without_requests_is_pointed_out_where_there_should_have_been_some(
    tmp_path: Path,
) -> None:
    day = range(0, 86_400, 300)
    found = read(tmp_path, timed([*day, *(4 * 86_400 + second for second in day)]))
    assert "no requests from 2026-01-06 00:00 to 2026-01-09 00:00, 72 hours" in found.notes[0]
    assert read(tmp_path, timed(range(0, 6 * 86_400, 86_400))).notes == ()


def test_two_sizes_of_memory_are_told(tmp_path: Path) -> None:
    found = read(tmp_path, HOURS, "".join(f"{report(60 * n, memory=1024)}\n" for n in range(100)))
    assert found.use is not None
    assert found.inputs["memory_mib"] == 512
    assert found.use.memory_mean == pytest.approx((121 * 512 + 100 * 1024) / 221)
    rows = dict(log_rows(found))
    assert "512 MiB configured for most invocations, 744 on average" in rows["memory"]
    assert "--memory sets another size" in rows["note"]


def test_a_clock_that_jumps_is_refused_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"0\.log, line 3: there are no requests from"):
        read(tmp_path, timed([0, 60, 9 * 86_400]))


def test_two_formats_of_one_program_add_up(tmp_path: Path) -> None:
    plain = report(30).split(" ", 1)[1]
    assert read(tmp_path, HOURS, f"{plain}\n").requests == 122


def test_formats_of_two_programs_are_refused_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="formats of several programs") as caught:
        read(tmp_path, HOURS, ALB)
    assert "would count twice" in (caught.value.cause or "")
    assert "--log-format lambda|alb" in (caught.value.hint or "")


def test_one_format_can_be_chosen(tmp_path: Path) -> None:
    found = read(tmp_path, HOURS, ALB, only="lambda")
    assert found.titles == ("Lambda log",)
    left_out = "left out, because it is not a log in the format lambda"
    assert found.notes == (f"{tmp_path / '1.log'}: {left_out}",)


def test_a_file_in_no_format_is_counted_line_by_line(tmp_path: Path) -> None:
    found = read(tmp_path, timed(range(0, 7200, 60)), "hello\nworld\n")
    assert found.unread.lines == 2
    assert found.notes == (f"{tmp_path / '1.log'}: it is in no known format",)


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        ("", "the file is empty"),
        (gzip.compress(b"x", mtime=0)[:9], "log: the gzip file is incomplete"),
        ("hello\n", "line 1: 'hello'"),
        (bytes(999), "no known format"),
    ],
)
def test_a_log_of_nothing_names_the_file_and_the_formats(
    tmp_path: Path, log: str | bytes, cause: str
) -> None:
    with pytest.raises(ConfigError, match=r"0\.log: no line is a request") as caught:
        read(tmp_path, log)
    assert cause in (caught.value.cause or "")
    assert ("empty" in (caught.value.cause or "")) == (not log)
    assert "ALB access log" in (caught.value.hint or "")


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(timed(range(0, 7200, 60)).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(packed)))
    found = read_logs(find_sources(["-"]))
    assert found.requests == 120
    assert found.name == "standard input"


def test_a_pipe_is_read_from_its_first_byte(tmp_path: Path) -> None:
    """As the shell's <(...) makes them."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    Thread(target=pipe.write_text, args=(timed(range(0, 7200, 60)),), daemon=True).start()
    assert read_logs(find_sources([str(pipe)])).requests == 120


def test_standard_input_beside_a_file_of_another_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "a.log").write_text(HOURS)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(ALB.encode())))
    with pytest.raises(ConfigError, match="formats of several programs"):
        read_logs(find_sources([str(tmp_path), "-"]))


def test_a_folder_is_read_to_its_bottom_but_not_its_hidden_files(tmp_path: Path) -> None:
    deep = tmp_path / "AWSLogs" / "2026"
    deep.mkdir(parents=True)
    (deep / "a.log").write_text(timed(range(0, 7200, 60)))
    (tmp_path / ".DS_Store").write_bytes(b"\x00")
    assert read_logs(find_sources([str(tmp_path), str(deep)])).requests == 120


SAMPLES = {
    "report": report(7, 350, extra="Init Duration: 249.60 ms\tStatus: timeout\t").encode(),
    "json": b'{"time":"2026-01-05T00:00:00.000Z","type":"platform.report","record":{"metrics":'
    b'{"durationMs":1.5,"billedDurationMs":2,"memorySizeMB":128,"maxMemoryUsedMB":90}}}',
    "events": b'{"events": [{"timestamp": 1767571200000, "message": "REPORT RequestId: 1"}]}',
    "alb": ALB.strip().encode(),
    "combined": b'::1 - - [05/Jan/2026:01:00:02 +0100] "GET / HTTP/1.1" 200 512 "-" "-" 0.250',
    "ferryman": b'{"timestamp": "2026-01-05T00:00:00.000Z", "logger": "ferryman.access", '
    b'"status": 200, "duration": 0.5, "request_bytes": 1, "response_bytes": 2}',
    "csv": b"1767571200,25.5",
}


@pytest.mark.parametrize("sample", SAMPLES.values(), ids=SAMPLES)
def test_spoilt_bytes_never_end_the_reading(tmp_path: Path, sample: bytes) -> None:
    draw = random.Random(5)
    lines = [sample, b"[" * 200_000]
    for _ in range(1500):
        line = bytearray(sample)
        for _ in range(draw.randrange(1, 4)):
            start = draw.randrange(len(line))
            line[start : start + draw.randrange(3)] = draw.randbytes(draw.randrange(3))
        lines += [bytes(line), b""]
    # A spoilt time may lie years away, which is refused as a hole; anything else would show.
    with suppress(ConfigError):
        found = read(tmp_path, b"\n".join(lines))
        assert found.requests + found.other + found.unread.lines > 1500


@pytest.mark.parametrize(("name", "message"), [("none.log", "cannot be read"), ("", "no files")])
def test_paths_that_lead_nowhere(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        find_sources([str(tmp_path / name)])


def test_less_than_an_hour_gives_durations_but_no_month(tmp_path: Path) -> None:
    found = read(tmp_path, timed(range(0, 600, 60)))
    assert found.period is None
    assert found.inputs == {"wall_ms": Decimal(10)}


def test_durations_are_rounded_up_as_they_are_billed(tmp_path: Path) -> None:
    lines = "".join(f"{MONDAY + 60 * n},{10.2 + n % 2}\n" for n in range(61))
    assert read(tmp_path, lines).inputs["wall_ms"] == Decimal("11.492")


def test_a_longer_log_takes_no_more_memory(tmp_path: Path) -> None:
    def peak(lines: int) -> int:
        path = tmp_path / f"{lines}.log"
        with path.open("w") as stream:
            stream.writelines(f"{MONDAY + n // 3},{n % 997}.{'1' * 80}\n" for n in range(lines))
        tracemalloc.start()
        try:
            assert read_logs(find_sources([str(path)])).requests == lines
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    assert peak(30_000) < 1.1 * peak(10_000) < 8_000_000


ACCESS = '192.0.2.9 - - [05/Jan/2026:{hour:02}:{minute:02}:00 +0000] "GET / HTTP/1.1" 200 12'


def access(tail: str = "", count: int = 121) -> str:
    """Two hours of an access log, a request a minute."""
    lines = (ACCESS.format(hour=n // 60, minute=n % 60) + tail for n in range(count))
    return "".join(f"{line}\n" for line in lines)


@pytest.mark.parametrize(
    "line",
    [
        "2026-01-05 10:{minute:02}:00,123 INFO shop.cart: added an item",
        "2026-01-05 10:{minute:02}:00.123 UTC [25] LOG:  duration: 1.5 ms",
        "2026-01-05 10:{minute:02}:00.123 2931 INFO nova.compute [req-3] took 1.5 seconds",
        "2026-01-05T10:{minute:02}:00Z,5,GET,/",
        "1767607200,12 warnings",
    ],
)
def test_a_log_that_is_not_an_access_log_is_refused(tmp_path: Path, line: str) -> None:
    log = "".join(f"{line.format(minute=minute)}\n" for minute in range(60))
    with pytest.raises(ConfigError, match="no line is a request") as caught:
        read(tmp_path, log)
    assert "it is in no known format" in (caught.value.cause or "")


def test_a_few_lines_of_a_format_in_another_log_are_told_and_not_read(tmp_path: Path) -> None:
    other = "".join(f"2026-01-05 10:00:{n:02},123 INFO shop: quoted\n" for n in range(60))
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, other + access(count=3))
    assert "only 3 of its first 62 lines are in the format combined" in (caught.value.cause or "")
    assert read(tmp_path, other + access(count=3), only="combined").requests == 3


def test_milliseconds_behind_a_comma_belong_to_the_time(tmp_path: Path) -> None:
    rows = "".join(f"2026-01-05 {n // 60:02}:{n % 60:02}:00,{n * 7 % 1000:03}\n" for n in range(90))
    found = read(tmp_path, rows)
    assert found.requests == 90
    assert found.durations is None


@pytest.mark.parametrize(
    ("tail", "wall_ms"),
    [
        (' "-" "curl" 0.025', 25.0),
        (' "-" "curl" 0.025123', 25.123),  # %(L)s of gunicorn, %Tf of aiohttp
        (' "-" "curl" 25000', 25.0),  # %D of Apache
        (' "-" "curl" 2', 2000.0),  # %T
        (' "-" "curl" 0/25000', 25.0),  # %T/%D
        (' "-" "curl" time_us=25000', 25.0),
        (' "-" "curl" duration_ms=25', 25.0),
        (' "-" "curl" 262 "host@docker" "http://10.0.0.1:80" 247ms', 247.0),
        (' "-" "curl" "0.100" "0.500"', 500.0),
        (' "-" "curl" 0.500 0.100, 0.400', 500.0),
        (' "-" "curl" urt="0.400" rt=0.500', 500.0),
        (' "-" "curl" "203.0.113.9" 0.025', 25.0),
        (' "-" "curl" TLSv1.3 0.025', 25.0),
        (' "-" "curl" "v1.234" 0.025', 25.0),
        (' "-" "curl" 76 0.025 [ns-svc-80] [] 10.0.0.1:80 12 0.025 200 abc', 25.0),
        (' "-" "curl" rt=-', None),
        (' "-" "curl" 345', None),  # $request_length
        (' "-" "curl" 345 678', None),  # %I %O
        (' "-" "curl" "52.5200" "13.4050"', None),  # where the client is
        (' "-" "curl" 52.520008 13.404954', None),
        (' "-" "curl" "DE" 52.520 -13.405', None),
        (" c6af9ac6-7b61-11e6-9a41-93e8deadbeef", None),
    ],
)
def test_a_number_is_a_duration_if_it_says_so(
    tmp_path: Path, tail: str, wall_ms: float | None
) -> None:
    found = read(tmp_path, access(tail))
    assert found.requests == 121
    taken = found.durations.mean if found.durations else None
    assert taken == (pytest.approx(wall_ms) if wall_ms else None)


def test_the_unit_of_a_bare_number_can_be_given(tmp_path: Path) -> None:
    log = access(' "-" "curl" 345')
    assert "--log-duration to us, ms or s" in read(tmp_path, log).notes[0]
    found = read_logs(find_sources([str(tmp_path)]), bare=1.0)
    assert found.durations is not None
    assert found.durations.mean == 345
    assert found.notes == ()


WRAPPED = {
    "docker json-file": lambda line: json.dumps({"log": f"{line}\n", "stream": "stdout"}),
    "CRI": lambda line: f"2026-01-05T09:00:00.669794202Z stdout F {line}",
    "kubectl --prefix": lambda line: f"[pod/shop-6/shop] {line}",
    "docker compose": lambda line: f"shop-1  | {line}",
    "colour": lambda line: f"\x1b[32m{line}\x1b[0m",
}


@pytest.mark.parametrize("wrap", WRAPPED.values(), ids=WRAPPED)
def test_what_a_runtime_puts_around_a_line_is_taken_off(
    tmp_path: Path, wrap: Callable[[str], str]
) -> None:
    for log in (access(' "-" "curl" 0.025'), HOURS):
        wrapped = "".join(f"{wrap(line)}\n" for line in log.splitlines())
        found = read(tmp_path, wrapped)
        assert (found.requests, found.unread.lines) == (121, 0)
        assert found.durations is not None
        assert found.period is not None


def test_seven_days_make_a_week_whenever_they_begin(tmp_path: Path) -> None:
    """From Monday's first request to Sunday's last, and from Tuesday to Tuesday."""
    for start, end in ((20, 7 * 86_400 - 20), (86_400 + 1800, 8 * 86_400 + 1740)):
        found = read(tmp_path, timed(range(start, end, 60)))
        assert found.shape is not None
        assert float(max(found.shape.weights)) == pytest.approx(1, abs=0.04)
        assert float(min(found.shape.weights)) == pytest.approx(1, abs=0.04)
    assert read(tmp_path, timed(range(0, 6 * 86_400, 60))).shape is None
