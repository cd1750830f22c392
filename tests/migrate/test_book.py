"""One owner at a time, whatever the clocks say; a document that is whole or refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from tests.migrate.balancers import MemoryBalancer, MemoryStore, Steady

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.migrate.book import Book, Busy
from ferryman.migrate.carrying import Carrier
from ferryman.migrate.shifters import Live
from ferryman.migrate.state import Migration, encode
from ferryman.migrate.stores import Conflict
from ferryman.migrate.stores.file import FileStore

ONE = Migration(id="one", old="lambda", new="server", steps=(5, 95))


def book_of(store: object, owner: str) -> Book:
    return Book(store, owner, pause=lambda _: None)  # type: ignore[arg-type]


def test_the_loser_of_two_stops_at_its_next_write(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "state" / "migration.json")
    first, second = book_of(store, "far:1:a"), book_of(store, "far:2:b")
    first.write(ONE)
    taken = second.seize()
    with pytest.raises(Conflict, match="another process"):
        first.write(ONE)
    assert second.write(taken).owner == "far:2:b"


def test_two_that_begin_at_once_leave_one(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "migration.json")
    first, second = book_of(store, "far:1:a"), book_of(store, "far:2:b")
    assert first.read() is None
    assert second.read() is None
    first.write(ONE)
    with pytest.raises(Conflict):
        second.write(ONE)


def test_an_owner_that_is_alive_is_left_alone() -> None:
    store = MemoryStore()
    first = book_of(store, "far:1:a")
    written = first.write(ONE)

    def go_on(_: float) -> None:
        first.write(written)

    second = Book(store, "far:2:b", pause=go_on)
    with pytest.raises(Busy, match="runs the migration one"):
        second.claim(1)
    with pytest.raises(Busy):
        second.claim(1, take_over=True)


def test_an_owner_that_is_gone_is_followed_only_when_asked_and_after_three_looks() -> None:
    store = MemoryStore()
    book_of(store, "far:1:a").write(replace(ONE, at=1e12))  # its clock was far ahead
    waited: list[float] = []
    second = Book(store, "far:2:b", pause=waited.append)
    with pytest.raises(Busy):
        second.claim(5)
    assert second.claim(5, take_over=True).owner == "far:2:b"
    assert waited == [5, 5, 5]


def test_a_process_of_this_machine_that_is_gone_needs_no_waiting() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    store = MemoryStore()
    book_of(store, f"{os.uname().nodename}:{int(done.stdout)}:a").write(ONE)
    assert book_of(store, "me").claim(5).owner == "me"


def test_a_write_whose_answer_was_lost_is_ones_own() -> None:
    class Lossy(MemoryStore):
        def write(self, content: bytes, version: str | None) -> str:
            written = super().write(content, version)
            if self.count == 1:
                raise FerrymanError("the connection broke")
            return written

    book = book_of(Lossy(), "me")
    with pytest.raises(FerrymanError, match="broke"):
        book.write(ONE)
    assert book.write(ONE).owner == "me"


def test_a_state_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "migration.json"
    path.write_text(json.dumps({**json.loads(encode(ONE)), "version": 2}))
    with pytest.raises(ConfigError, match="version 2"):
        book_of(FileStore(path), "me").read()


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"version": 1}', "\x00", '{"version": 1, "x":']
)
def test_what_is_no_state_is_refused_and_left_as_it_is(tmp_path: Path, content: str) -> None:
    path = tmp_path / "migration.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match="not the state of a migration"):
        book_of(FileStore(path), "me").read()
    assert path.read_text() == content


def test_a_store_that_fails_for_a_while_is_outlasted() -> None:
    class Flaky(MemoryStore):
        calls = 0

        def write(self, content: bytes, version: str | None) -> str:
            self.calls += 1
            if self.calls % 3 == 0:
                raise FerrymanError("the disk is full")
            return super().write(content, version)

    told: list[str] = []
    book = book_of(Flaky(), "me")
    carrier = Carrier(book, MemoryBalancer(), Steady(), 1, told.append, pause=lambda _: None)
    assert carrier.carry(book.write(replace(ONE, steps=(1, 5, 25, 50, 95)))).weight == 95
    assert any("disk is full" in line for line in told)


def test_a_balancer_that_stays_away_is_given_up() -> None:
    class Away(MemoryBalancer):
        def read(self) -> Live:
            raise FerrymanError("nobody answers")

    book = book_of(MemoryStore(), "me")
    carrier = Carrier(book, Away(), Steady(), 1, lambda _: None, pause=lambda _: None)
    with pytest.raises(FerrymanError, match="nobody answers"):
        carrier.carry(book.write(ONE))
