from __future__ import annotations

import pytest

from ferryman.targets.lambda_.local.report import Report, read_report


@pytest.mark.parametrize(
    "report",
    [
        Report("a-1", 3.05, 128, 38),
        Report("a-2", 12.0, 512, 90, init_duration=181.3),
        Report("a-3", 1000.0, 512, 90, status="timeout"),
        Report("a-4", 2.21, 512, 90, 40.5, "error", "Runtime.ExitError"),
    ],
)
def test_what_is_written_can_be_read_back(report: Report) -> None:
    assert read_report(str(report)) == report


def test_a_line_of_lambdas_own_is_read() -> None:
    line = (
        "2025-09-01T10:00:00.000Z REPORT RequestId: 8f5-1\tDuration: 1.52 ms\tBilled Duration: "
        "103 ms\tMemory Size: 256 MB\tMax Memory Used: 41 MB\tInit Duration: 100.60 ms\t\n"
    )
    report = read_report(line)
    assert report == Report("8f5-1", 1.52, 256, 41, 100.6)
    assert report.billed_duration == 103


@pytest.mark.parametrize("line", ["", "END RequestId: 1", "REPORT RequestId: 1\tDuration: x ms"])
def test_other_lines_are_none(line: str) -> None:
    assert read_report(line) is None


def test_a_started_millisecond_is_billed() -> None:
    assert Report("a", 3.0, 128, 1).billed_duration == 3
    assert Report("a", 3.01, 128, 1).billed_duration == 4
