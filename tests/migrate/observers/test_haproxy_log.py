"""HAProxy's log lines: sides, clients, times; and what carries over from process to process."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from scripts.ports import free_port
from tests.migrate.balancers import MemoryBalancer, MemoryStore

from ferryman.core.errors import ConfigError
from ferryman.core.judge import Counts
from ferryman.migrate.book import Book
from ferryman.migrate.carrying import Carrier
from ferryman.migrate.observers import Sight
from ferryman.migrate.observers.haproxy_log import HAProxyLog, read_line
from ferryman.migrate.state import Migration


def line(
    server: str, status: int = 200, ms: int = 20, client: str = "10.0.0.9", ended: str = "----"
) -> str:
    """Return a line as HAProxy 2.6 writes it by `option httplog`."""
    return (
        f"<134>Nov 29 20:00:00 haproxy[7]: {client}:50312 [29/Nov/2026:20:00:00.123] front "
        f"app/{server} 1/2/3/{ms - 5}/{ms} {status} 312 - - {ended} 4/4/1/0/0 0/0 "
        '"GET /cards HTTP/1.1"'
    )


@contextmanager
def log(**more: object) -> Iterator[tuple[HAProxyLog, list[str]]]:
    port = free_port(socket.SOCK_DGRAM)
    sent: list[str] = []
    found = HAProxyLog(("127.0.0.1", port), "app", ("old",), ("new",), **more)  # type: ignore[arg-type]
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
            channel.connect(("127.0.0.1", port))

            class Sender(list[str]):
                def append(self, text: str) -> None:
                    channel.send(text.encode())
                    super().append(text)

            sent = Sender()
            yield found, sent
    finally:
        found.close()


def seen(
    found: HAProxyLog, answers: int, cursor: object = None, limit: float | None = None
) -> Sight:
    """Look once all answers have come."""
    deadline = time.monotonic() + 10
    while len(found._lines) < answers and time.monotonic() < deadline:
        time.sleep(0.005)
    return found.look(cursor, limit)


def test_a_line_tells_side_status_time_and_client() -> None:
    found = read_line(line("new", 503, 40))
    assert found is not None
    assert (found.client, found.backend, found.server, found.status) == (
        "10.0.0.9",
        "app",
        "new",
        503,
    )
    # Its queue, the connection and the answer: not the time that the client took to send.
    assert found.seconds == pytest.approx(0.040)
    assert read_line("Server app/new is DOWN") is None


def test_sides_are_counted_apart_and_others_not_at_all() -> None:
    with log() as (found, sent):
        for each in (
            *(line("old"), line("old", 404), line("new", 500), line("new", -1), line("third")),
            *(line("new", ended="CD--"), line("old").replace("app/", "other/"), "rubbish \xff"),
        ):
            sent.append(each)
        sight = seen(found, 5, limit=1.0)
    assert (sight.old, sight.new) == (Counts(2, rejections=1), Counts(2, failures=1))


def test_what_a_client_repeats_counts_once_unless_that_is_not_wanted() -> None:
    for by_client, failures in ((True, 2), (False, 4)):
        with log(by_client=by_client) as (found, sent):
            for client in ("10.0.0.9", "10.0.0.9", "10.0.0.9", "10.0.0.10"):
                sent.append(line("new", 500, client=client))
            assert seen(found, 4, limit=1.0).new == Counts(4, failures=failures)


def test_slow_is_what_is_above_the_limit() -> None:
    with log() as (found, sent):
        for ms in (20, 50, 51, 90):
            sent.append(line("new", ms=ms, client=f"10.0.0.{ms}"))
        assert seen(found, 4, limit=0.05).new.slow == 2


def test_the_limit_is_the_old_sides_95th_percentile_of_2000_answers() -> None:
    with log() as (found, sent):
        for number in range(2000):
            sent.append(line("old", ms=10 + number % 100))
            if number % 500 == 499:
                time.sleep(0.05)
        sight = seen(found, 2000)
    assert sight.slow_limit == pytest.approx(0.104)
    assert not sight.measuring


def test_the_limit_is_that_of_late_even_where_one_is_frozen() -> None:
    sight = Sight(Counts(), Counts())
    with log() as (found, sent):
        for ms in (20, 300):
            for number in range(2000):
                sent.append(line("old", ms=ms))
                if number % 500 == 499:
                    time.sleep(0.05)
            sight = seen(found, 2000, limit=0.1)
            assert sight.slow_limit == pytest.approx(ms / 1000)
    assert sight.old.slow == 1, "counted by the limit that was given; of one client once"


def test_what_was_learned_of_times_outlives_the_process() -> None:
    sight = Sight(Counts(), Counts())
    for _ in range(3):
        with log(patience=3) as (found, sent):
            for number in range(50):
                sent.append(line("old", ms=20 + number % 20))
            sight = seen(found, 50, sight.cursor)
    # After so many looks a hundred answers will do.
    assert not sight.measuring
    assert sight.slow_limit == pytest.approx(0.038, abs=0.001)


def test_looking_once_listens_for_an_interval_first() -> None:
    waited: list[float] = []
    with log() as (found, sent):

        def traffic(seconds: float) -> None:
            waited.append(seconds)
            for number in range(400):
                sent.append(line("new" if number % 2 else "old"))
            time.sleep(0.2)

        book = Book(MemoryStore(), "me", pause=lambda _: None)
        book.read()
        balancer = MemoryBalancer(weight=50.0)
        carrier = Carrier(book, balancer, found, 5, lambda _: None, pause=traffic)
        migration = Migration(
            id="one",
            old="a",
            new="b",
            steps=(50, 95),
            phase="watching",
            weight=50.0,
            slow_limit=1.0,
        )
        after = carrier.once(book.write(migration))
    assert waited == [5]
    assert after.answers == 200


def test_an_address_that_is_taken_is_explained() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as channel:
        channel.bind(("127.0.0.1", 0))
        with pytest.raises(ConfigError, match="cannot listen") as raised:
            HAProxyLog(channel.getsockname(), "app", ("old",), ("new",))
    assert "may be running" in str(raised.value)
