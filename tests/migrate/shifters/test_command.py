"""Two commands of the user's own: well-behaved, hanging, lying, broken."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ferryman.core.errors import FerrymanError
from ferryman.migrate.observers import Sight
from ferryman.migrate.observers.command import CommandObserver
from ferryman.migrate.shifters import Drift
from ferryman.migrate.shifters.command import CommandShifter


def shell(text: str) -> tuple[str, ...]:
    return ("sh", "-c", text)


def shifter(reading: str, writing: str, timeout: float = 10) -> CommandShifter:
    return CommandShifter(shell(reading), shell(writing), "lambda", "server", timeout)


def test_it_reads_and_writes(tmp_path: Path) -> None:
    place = tmp_path / "weight"
    found = shifter(
        f'echo "{{\\"weight\\": $(cat {place} || echo null)}}"',
        f'echo "$FERRYMAN_TO" > {place}; cat > {tmp_path}/given; echo "$FERRYMAN_NEW changed"',
    )
    found.join()
    assert found.read().weight == 0
    found.write(0, 25)
    assert found.read().weight == 25
    given = (tmp_path / "given").read_text()
    assert given == '{"old": "lambda", "new": "server", "from": 0, "to": 25}'


def test_one_that_lies_is_found_by_reading_again() -> None:
    liar = shifter("echo '{\"weight\": 5}'", "echo done", timeout=3)
    with pytest.raises(Drift, match="5 %, and not 25 %"):
        liar.write(5, 25)


def test_one_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    late = tmp_path / "late"
    with pytest.raises(FerrymanError, match=r"did not end within 0\.5 s"):
        shifter(f"(sleep 2; touch {late}) & sleep 60", "true", timeout=0.5).read()
    assert time.monotonic() - began < 30
    time.sleep(2.2)
    assert not late.exists()


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("echo no", "does not print a JSON object"),
        ("echo '[5]'", "does not print a JSON object"),
        ("echo '{\"weight\": 500}'", "its weight is 500"),
        ("echo '{\"weight\": true}'", "its weight is True"),
        ("echo broken >&2; exit 3", "ended with 3"),
    ],
)
def test_what_it_prints_is_checked(printed: str, said: str) -> None:
    with pytest.raises(FerrymanError, match=said):
        shifter(printed, "true").read()


def test_totals_that_go_backwards_are_those_of_a_new_process() -> None:
    def seen(cursor: object, old: int, new: int) -> Sight:
        text = f'{{"old": {{"answers": {old}}}, "new": {{"answers": {new}, "failures": 1}}}}'
        return CommandObserver(shell(f"echo '{text}'")).look(cursor, None)

    first = seen(None, 1000, 100)
    assert (first.old.answers, first.new.answers) == (0, 0)
    second = seen(first.cursor, 1500, 120)
    assert (second.old.answers, second.new.answers, second.new.failures) == (500, 20, 0)
    third = seen(second.cursor, 1600, 30)
    assert (third.old.answers, third.new.answers, third.new.failures) == (100, 30, 1)


@pytest.mark.parametrize(
    "side", ['{"answers": -1}', '{"answers": 1, "failures": 2}', "7", '{"x": 1}']
)
def test_totals_that_cannot_be_are_refused(side: str) -> None:
    text = f'{{"old": {side}, "new": {{"answers": 1}}}}'
    with pytest.raises(FerrymanError, match="not the counts of a side"):
        CommandObserver(shell(f"echo '{text}'")).look(None, None)
