"""``ferryman cost --logs``, ``--log-group`` and ``--reconcile``, as a user meets them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ferryman.cli.cost import command
from ferryman.cli.cost.logs import spread
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.cost.traffic.insights import MINUTES, SUMMARY

MONDAY = 1_767_571_200  # 2026-01-05T00:00:00Z


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def reports(count: int, step: int, billed: int = 40, start: int = 0) -> str:
    lines = []
    for number in range(start, start + count):
        second = number * step
        init = "Init Duration: 300.00 ms\t" if number % 100 == 0 else ""
        lines.append(
            f"2026-01-05T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.000Z"
            f" REPORT RequestId: {number}\tDuration: {billed - 0.5} ms\t"
            f"Billed Duration: {billed + (300 if init else 0)} ms\t"
            f"Memory Size: 256 MB\tMax Memory Used: 90 MB\t{init}"
        )
    return "\n".join(lines) + "\n"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "lambda.log"
    path.write_text(f"garbage\n{reports(1000, 10)}REPORT RequestId: cut off\n")
    return path


def test_what_logs_say_stands_before_the_assumptions(log: Path) -> None:
    out = run("--logs", str(log), "--assumptions").stdout
    found, rest = out[out.index("Read from") :].split("Assumptions")
    assert re.search(r"requests\s+1,000 from 2026-01-05 00:00 to 2026-01-05 02:46 UTC", found)
    assert re.search(r"a month\s+263 k: the mean rate of 2.77 hours, over 730 hours", found)
    assert re.search(r"memory\s+256 MiB configured; used 90 on average", found)
    assert re.search(r"cold starts\s+10, 1.000% of the requests, 300 ms each", found)
    assert re.search(r"duration\s+mean 39.5 ms, p50 39.\d ms", found)
    assert re.search(r"errors\s+none", found)
    assert re.search(r"unreadable lines\s+1, the first .*lambda.log, line 1002: 'REPORT Req", found)
    assert re.search(r"wall time\s+logs\s+40 ms", rest)
    assert re.search(r"Lambda memory\s+logs\s+256 MiB", rest)
    assert re.search(r"cold starts\s+logs\s+0.01 of", rest)


def test_a_flag_is_stronger_than_the_log(log: Path) -> None:
    out = run("--logs", str(log), "--memory", "1024", "--requests", "5M", "--assumptions").stdout
    assert re.search(r"Lambda memory\s+given\s+1,024 MiB", out)
    assert re.search(r"requests\s+given\s+5,000,000", out)


def test_an_assumed_cpu_time_stays_within_the_durations_of_the_log(tmp_path: Path) -> None:
    """10 ms are assumed, yet requests of 2 ms on a seventh of a CPU have no room for them."""
    (tmp_path / "a.log").write_text(reports(1000, 10, billed=2))
    out = run("--logs", str(tmp_path), "--assumptions").stdout
    assert re.search(r"CPU time\s+assumed\s+0.28\d* ms", out)


def test_json_has_what_was_found(log: Path) -> None:
    found = json.loads(run("--logs", str(log), "--json").stdout)["found"]
    assert found["requests"] == 1000
    assert found["unreadable_lines"] == 1
    assert found["lambda"]["cold_starts"] == 10
    assert found["duration_ms"]["mean"] == pytest.approx(39.5)
    assert "found" not in json.loads(run("--json").stdout)


def test_a_week_is_drawn(tmp_path: Path) -> None:
    times = (MONDAY + hour * 3600 for hour in range(15 * 24) for _ in range(1 + hour % 24))
    (tmp_path / "week.csv").write_text("".join(f"{time}\n" for time in times))
    out = run("--logs", str(tmp_path)).stdout
    assert re.search(r"busiest hour\s+Monday 23:00 UTC; 1.9\d times the mean rate", out)
    assert re.search(r"Sunday\s+011222333444556667788899", out)


@pytest.mark.parametrize(
    ("arguments", "spread_out"),
    [
        (["--logs", "a", "b", "--json"], ["--logs", "a", "--logs", "b", "--json"]),
        (["--logs", "-", "-"], ["--logs", "-", "--logs", "-"]),
        (["--logs", "a", "prices", "show"], ["--logs", "a", "prices", "show"]),
        (["--reconcile", "a", "b"], ["--reconcile", "a", "--reconcile", "b"]),
        (
            ["--logs", "a", "--reconcile", "b", "c"],
            ["--logs", "a", "--reconcile", "b", "--reconcile", "c"],
        ),
        (["--memory", "512", "prices"], ["--memory", "512", "prices"]),
    ],
)
def test_a_flag_takes_all_the_paths_that_follow(
    arguments: list[str], spread_out: list[str]
) -> None:
    assert spread(arguments, ["prices"]) == spread_out


def test_several_paths(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(reports(500, 10))
    (tmp_path / "b").write_text(reports(500, 10, start=500))
    out = run("--logs", str(tmp_path / "a"), str(tmp_path / "b"), "--draws", "0").stdout
    assert re.search(r"requests\s+1,000 from", out)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--logs", "empty"), "--logs: empty: no line is a request"),
        (("--logs", "nowhere"), "--logs: nowhere: the log cannot be read"),
        (("--logs", "empty", "--log-group", "x"), "--logs and --log-group exclude each other"),
        (("--log-group", "x", "--since", "week"), "--since: 'week' is not a length of time"),
        (("--reconcile", "empty"), "--reconcile: empty: no line is a request"),
        (("--reconcile", "short"), "short: the log covers only 0 seconds"),
    ],
)
def test_bad_input_is_a_configuration_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "short").write_text(reports(1, 1))
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert isinstance(result.exception, ConfigError)
    assert str(result.exception).startswith(message)


def test_reconcile_names_what_was_off(log: Path) -> None:
    flags = ("--requests", "262800", "--wall-ms", "400", "--cpu-ms", "1", "--memory", "256")
    result = run(*flags, "--cold-starts", "0.01", "--init-ms", "300", "--reconcile", str(log))
    out = result.stdout
    titles = ["Read from", "Predicted and actual, Lambda arm64", "Causes of the difference"]
    assert [out.index(title) for title in titles] == sorted(out.index(title) for title in titles)
    causes = out[out.index("Causes of the difference") :].splitlines()
    assert causes[2].split()[:2] == ["duration", "ms"]
    assert re.search(r"all\s.*-\d+\.\d\d\s+100\.0%", out)
    assert "Assumptions" not in out


def test_reconcile_as_json_adds_up(log: Path) -> None:
    data = json.loads(run("--wall-ms", "90", "--reconcile", str(log), "--json").stdout)
    parts = sum(float(cause["usd"]) for cause in data["causes"])
    assert parts == pytest.approx(float(data["difference_usd"]), abs=1e-5)
    assert data["found"]["requests"] == 1000
    assert {line["item"] for line in data["lines"]} >= {"Lambda duration", "including cold starts"}


# CloudWatch, by a stand-in that speaks its protocol to the real boto3.

SUMMARY_ROW = {
    "requests": "120",
    "mean": "41.5",
    "rounded": "5040",
    "p50": "40.1",
    "p95": "80.2",
    "p99": "99.9",
    "billed_ms": "5640",
    "billed_mib_ms": "2.88768E6",
    "memory": "512",
    "sizes": "1",
    "used_mean": "88.4",
    "used_p99": "91",
    "used_most": "95",
    "cold_starts": "2",
    "init_ms": "299.5",
    "failed": "3",
}


class Insights:
    """Answers StartQuery and GetQueryResults; a query runs through two looks."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.looks: dict[str, int] = {}
        self.status = "Complete"
        self.rows: dict[str, list[dict[str, str]]] = {SUMMARY: [SUMMARY_ROW], MINUTES: []}

    def answer(self, action: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if action == "StartQuery":
            if body["logGroupName"] == "/aws/lambda/none":
                error = "Log group '/aws/lambda/none' does not exist"
                return 400, {"__type": "ResourceNotFoundException", "message": error}
            self.asked.append(body)
            return 200, {"queryId": str(len(self.asked) - 1)}
        number = body["queryId"]
        self.looks[number] = self.looks.get(number, 0) + 1
        if self.looks[number] < 2:
            return 200, {"status": "Running", "results": []}
        rows = self.rows[self.asked[int(number)]["queryString"]]
        cells = [[{"field": n, "value": v} for n, v in row.items()] for row in rows]
        return 200, {"status": self.status, "results": cells}


@pytest.fixture
def insights(monkeypatch: pytest.MonkeyPatch) -> Iterator[Insights]:
    stand_in = Insights()
    with ThreadingHTTPServer(("127.0.0.1", 0), handler(stand_in.answer)) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv(
            "AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", f"http://127.0.0.1:{server.server_port}"
        )
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
        monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        monkeypatch.setattr("ferryman.cli.cost.insights.PAUSE", 0)
        yield stand_in
        server.shutdown()


def handler(
    answer: Callable[[str, dict[str, Any]], tuple[int, dict[str, Any]]],
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            action = self.headers["X-Amz-Target"].partition(".")[2]
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, said = answer(action, body)
            data = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *values: object) -> None: ...

    return Handler


def test_a_log_group_is_asked_in_two_queries(insights: Insights) -> None:
    minutes = [f"2026-01-05 {n // 60:02}:{n % 60:02}:00.000" for n in range(120)]
    insights.rows[MINUTES] = [{"minute": minute, "requests": "1"} for minute in minutes]
    result = run("--log-group", "/aws/lambda/shop", "--since", "2h", "--assumptions")
    assert result.exit_code == 0, result.output
    assert [query["logGroupName"] for query in insights.asked] == ["/aws/lambda/shop"] * 2
    first = insights.asked[0]
    assert first["endTime"] - first["startTime"] == 2 * 3600 - 1
    out = result.stdout
    assert re.search(r"requests\s+120 from 2026-01-05 00:00 to 2026-01-05 02:00 UTC", out)
    assert re.search(r"cold starts\s+2, 1.667% of the requests, 300 ms each", out)
    assert re.search(r"errors\s+2.500% of the requests", out)
    assert re.search(r"wall time\s+logs\s+42 ms", out)
    assert re.search(r"cold start\s+logs\s+300 ms", out)
    assert re.search(r"Lambda memory\s+logs\s+512 MiB", out)


def test_a_long_time_is_asked_for_in_parts_that_fit_into_an_answer(insights: Insights) -> None:
    run("--log-group", "/aws/lambda/shop", "--since", "2w")
    parts = [(x["startTime"], x["endTime"]) for x in insights.asked if x["queryString"] == MINUTES]
    assert len(parts) == 3
    assert all((end - start) // 60 < 10_000 for start, end in parts)
    assert [end + 1 for _, end in parts[:-1]] == [start for start, _ in parts[1:]]


def test_a_group_without_invocations(insights: Insights) -> None:
    insights.rows[SUMMARY] = []
    result = run("--log-group", "/aws/lambda/shop")
    assert isinstance(result.exception, ConfigError)
    assert "no invocation of a Lambda function was found" in str(result.exception)


@pytest.mark.parametrize(
    ("group", "status", "message"),
    [
        ("/aws/lambda/none", "Complete", "cannot be queried"),
        ("/aws/lambda/shop", "Failed", "the query ended as Failed"),
    ],
)
def test_what_aws_refuses_is_said(
    insights: Insights, group: str, status: str, message: str
) -> None:
    insights.status = status
    result = run("--log-group", group)
    assert isinstance(result.exception, FerrymanError)
    assert message in str(result.exception)
    assert result.exception.exit_code == 1
