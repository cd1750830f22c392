"""The REPORT lines, and what the cost model reads in them."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.local.lambda_.functions import Log, bills, call, plain

from ferryman.cost.traffic.formats.lambda_report import text_report
from ferryman.cost.traffic.log_files import find_sources
from ferryman.cost.traffic.reading import read_logs
from ferryman.local.lambda_.function import LocalFunction
from ferryman.local.lambda_.report_lines import Report


def test_the_line_is_written_as_lambda_writes_it() -> None:
    line = str(Report("8f5-1", 1.52, 256, 41, 100.6))
    assert line == (
        "REPORT RequestId: 8f5-1\tDuration: 1.52 ms\tBilled Duration: 103 ms\t"
        "Memory Size: 256 MB\tMax Memory Used: 41 MB\tInit Duration: 100.60 ms\t"
    )


@pytest.mark.parametrize(
    "report",
    [
        Report("a-1", 3.05, 128, 38),
        Report("a-2", 12.0, 512, 90, init_duration=181.3),
        Report("a-3", 1000.0, 512, 90, status="timeout"),
        Report("a-4", 2.21, 512, 90, 40.5, status="error", error_type="Runtime.ExitError"),
        Report("a-5", 2.21, 512, 90, restore_duration=76.0),
    ],
)
def test_what_is_written_is_read_by_the_cost_model(report: Report) -> None:
    record = text_report(str(report).encode(), None)
    assert record.use is not None
    assert (record.request_id, record.wall_ms) == (report.request_id, report.duration)
    assert record.failed == (report.status is not None)
    assert record.use[:4] == (
        report.billed_duration + (report.restore_duration or 0),
        report.memory_size,
        report.max_memory_used,
        report.restore_duration or report.init_duration,
    )


def test_a_started_millisecond_is_billed() -> None:
    assert Report("a", 3.0, 128, 1).billed_duration == 3
    assert Report("a", 3.01, 128, 1).billed_duration == 4


async def test_the_cost_model_reads_a_local_functions_log(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(plain(tmp_path, memory=256, timeout=1.0), log) as function:
        for kind in (None, "nap", "raise", "hang", None):
            await call(function, kind=kind)
    (tmp_path / "function.log").write_text("\n".join(log) + "\n")
    found = read_logs(find_sources([str(tmp_path / "function.log")]))
    assert found.titles == ("Lambda log",)
    assert (found.requests, found.unread.lines) == (5, 0)
    assert found.failed_share == pytest.approx(1 / 5)
    # The one that timed out took its environment along.
    assert found.use is not None
    assert (found.use.memory_mib, found.use.cold_starts) == (256, 2)
    billed = sum(bill.billed_ms for bill in bills(log)) / 1000 * 256 / 1024
    assert found.use.billed_gb_seconds == pytest.approx(billed)
    # A nap of 0.2 s and a second until the time is up.
    assert found.durations is not None
    assert 980 < found.durations.p99 < 2000
