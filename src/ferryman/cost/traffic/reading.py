"""Reading logs: each file by its own format, every line accounted for.

Two formats in one run are refused: a balancer and the function behind it log the same
requests, which would count double.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NoReturn

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.formats.catalog import FORMATS, find_format
from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.formats.timed import TIMED, evenly_spaced
from ferryman.cost.traffic.found import Found, Unread, from_tally
from ferryman.cost.traffic.lines import MAX_LINE, foreign
from ferryman.cost.traffic.sources import Source
from ferryman.cost.traffic.tally import Tally

__all__ = ("MAX_STEP_BACK", "read_logs")

MAX_STEP_BACK = 300.0
"""Seconds by which a line may be earlier than one before it: servers write when a request
ends, so lines are a little out of order. More is told, and counted all the same."""

SAMPLE_LINES = 1000

NONE_UNREAD = Unread(0)

NO_FORMAT = "it is in no known format"

UNREADABLE = (
    *(ValueError, LookupError, TypeError, AttributeError, OverflowError),
    RecursionError,  # of json, for a line of brackets
)


def _unknown() -> Parse:
    def parse(line: bytes) -> None:
        raise ValueError(f"its {len(line)} bytes are in no known format")

    return parse


UNKNOWN = Format("", "unknown", lambda _: False, _unknown)


@dataclass(slots=True)
class _Order:
    """How far the times of one file go back, and where they go furthest."""

    newest: float = 0.0
    back: float = 0.0
    line: int = 0

    def see(self, time: float, line: int) -> None:
        if time > self.newest:
            self.newest = time
        elif self.newest - time > self.back:
            self.back, self.line = self.newest - time, line


@dataclass(slots=True)
class _Reading:
    """What was read so far: requests, formats, and what was no request."""

    tally: Tally = field(default_factory=Tally)
    titles: dict[str, None] = field(default_factory=dict)
    other: int = 0
    unread: Unread = NONE_UNREAD
    notes: list[str] = field(default_factory=list)

    def miss(self, where: str, line: bytes, why: str) -> None:
        if self.unread.lines:
            self.unread = replace(self.unread, lines=self.unread.lines + 1)
        else:
            self.unread = Unread(1, where, line[:60].decode("utf-8", "replace"), why)


def read_logs(
    sources: Sequence[Source],
    only: str | None = None,
    watch: Callable[[int], object] = lambda _: None,
) -> Found:
    """Return what logs say.

    Args:
        sources: The logs.
        only: The name of the one format to read; files in another are left out.
        watch: Is told of each number of bytes read.

    Raises:
        ConfigError: A log cannot be read, none has a readable line, they are in formats of
            several programs, or they have a hole.
    """
    known = _known(sources, only)
    reading = _Reading()
    for source in sources:
        _read(reading, source, known, only, watch)
    if not reading.tally.requests:
        raise _nothing(sources, reading.unread, reading.notes, only)
    name = sources[0].name if len(sources) == 1 else f"{len(sources)} logs"
    titles = tuple(reading.titles)
    notes = (*reading.notes, *reading.tally.calendar.quiet)
    return from_tally(reading.tally, titles, name, reading.other, reading.unread, notes)


def _known(sources: Sequence[Source], only: str | None) -> dict[str, Format]:
    """Return the formats of the files, before any is read through; refuse a mixture."""
    known: dict[str, Format] = {}
    for source in sources:
        if source.lasts:
            head = next(source.blocks(lambda _: None, lambda _: None), b"")
            known[source.name] = _format(head, only)
    _check_one(known)
    return known


def _format(head: bytes, only: str | None) -> Format:
    return find_format(head.split(b"\n", SAMPLE_LINES)[:SAMPLE_LINES], only) or UNKNOWN


def _check_one(known: Mapping[str, Format]) -> None:
    by_name = {format.name: source for source, format in known.items() if format.name}
    if len(by_name) > 1:
        files = ", ".join(f"{name} in {source}" for name, source in by_name.items())
        raise ConfigError(
            "the logs are in formats of several programs",
            cause=f"{files}; if they log the same requests, these would count double",
            hint=f"choose one with --log-format {'|'.join(by_name)}, or name its files alone",
        )


def _read(
    reading: _Reading,
    source: Source,
    known: dict[str, Format],
    only: str | None,
    watch: Callable[[int], object],
) -> None:
    told = len(reading.notes)
    blocks = source.blocks(watch, lambda text: reading.notes.append(f"{source.name}: {text}"))
    head = next(blocks, b"")
    if not head:
        if len(reading.notes) == told:
            reading.notes.append(f"{source.name}: the file is empty")
        return
    if source.name not in known:
        known[source.name] = _format(head, only)
        _check_one(known)
    format = known[source.name]
    if (said := _remark(format, head, only)) is not None:
        reading.notes.append(f"{source.name}: {said}")
    if format is UNKNOWN and (only or foreign(head)):
        return
    if format is not UNKNOWN:
        reading.titles[format.title] = None
    _count(reading, source.name, format, chain((head,), blocks))


def _remark(format: Format, head: bytes, only: str | None) -> str | None:
    """Return what must be said of a file before its lines are read."""
    if format is TIMED and evenly_spaced(head.split(b"\n", SAMPLE_LINES)[:SAMPLE_LINES]):
        return (
            "its times are evenly spaced; if the numbers count requests and are no milliseconds,"
            " put the heading time,count above them"
        )
    if format is not UNKNOWN:
        return None
    return f"left out, for it is no {only} log" if only else foreign(head) or NO_FORMAT


def _count(reading: _Reading, name: str, format: Format, blocks: Iterable[bytes]) -> None:
    parse, order, number = format.reader(), _Order(), 0
    add, places = reading.tally.add, reading.tally.calendar.places
    for batch in format.split(blocks):
        for line in batch:
            number += 1
            try:
                record = parse(line) if line is not None else _too_long()
                if record is None:
                    reading.other += 1
                    continue
                if add(record):
                    places[int(record[0] or 0) // 3600] = f"{name}, line {number}"
                if record[0] is not None:
                    order.see(record[0], number)
            except UNREADABLE as error:
                _miss(reading, f"{name}, line {number}", b"-" if line is None else line, error)
    if order.back > MAX_STEP_BACK:
        reading.notes.append(
            f"{name}, line {order.line}: the times go back by {order.back:,.0f} seconds; the"
            " lines count all the same"
        )


def _too_long() -> NoReturn:
    raise ValueError(f"it has more than {MAX_LINE:,} bytes, or was cut off")


def _miss(reading: _Reading, where: str, line: bytes, error: Exception) -> None:
    if line.strip():
        said = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        reading.miss(where, line, said)


def _nothing(
    sources: Sequence[Source], unread: Unread, notes: Sequence[str], only: str | None
) -> ConfigError:
    names = ", ".join(source.name for source in sources[:3])
    more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
    tried = only or ", ".join(dict.fromkeys(format.title for format in FORMATS))
    told = f"{unread.where}: {unread.text!a}: {unread.why}" if unread.lines else ""
    return ConfigError(
        f"{names}{more}: no line tells of a request",
        cause="; ".join(filter(None, (*notes[:3], told))) or None,
        hint=f"formats tried: {tried}",
    )
