"""Reads logs: finds the format of each file, and accounts for every line.

It refuses formats of two programs in one run: a balancer and the function behind it log the
same requests, which would count twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import NoReturn

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.formats.catalog import FORMATS, find_format, fitting_lines
from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.formats.wrappers import Unwrap, find_wrapper
from ferryman.cost.traffic.lines import MAX_LINE, foreign
from ferryman.cost.traffic.log_files import Source
from ferryman.cost.traffic.log_summary import LogSummary, Unread, from_tally
from ferryman.cost.traffic.tally import Tally

__all__ = ("MAX_STEP_BACK", "read_logs")

MAX_STEP_BACK = 300.0
"""Seconds by which a line may be earlier than a line before it: servers write a line when a request
ends, so lines are a little out of order. A note names larger steps back; the lines still count."""

SAMPLE_LINES = 1000

NONE_UNREAD = Unread(0)

NO_FORMAT = "it is in no known format"

UNREADABLE = (
    *(ValueError, LookupError, TypeError, AttributeError, OverflowError),
    RecursionError,  # of json, for a line of brackets
)


def _unknown(*_: object) -> Parse:
    def parse(line: bytes) -> None:
        raise ValueError(f"its {len(line)} bytes are in no known format")

    return parse


UNKNOWN = Format("", "unknown", lambda _: False, _unknown)


@dataclass(frozen=True, slots=True)
class _Kind:
    """The format of a file, the function that unwraps its lines, and its first lines."""

    format: Format
    unwrap: Unwrap | None
    sample: tuple[bytes, ...]

    def reader(self, bare: float | None) -> Parse:
        parse, unwrap = self.format.reader(self.sample, bare), self.unwrap
        return parse if unwrap is None else lambda line: parse(unwrap(line))


@dataclass(slots=True)
class _Order:
    """The largest step back in the times of one file, and its line."""

    newest: float = 0.0
    back: float = 0.0
    line: int = 0

    def see_earlier(self, time: float, line: int) -> None:
        if self.newest - time > self.back:
            self.back, self.line = self.newest - time, line


@dataclass(slots=True)
class _Reading:
    """What was read so far: requests, formats, other lines and notes."""

    tally: Tally = field(default_factory=Tally)
    titles: dict[str, None] = field(default_factory=dict)
    other: int = 0
    unread: Unread = NONE_UNREAD
    notes: list[str] = field(default_factory=list)

    def miss(self, where: str, line: bytes, error: Exception) -> None:
        """Count a line that cannot be read, unless it is blank."""
        if not line.strip():
            return
        if self.unread.lines:
            self.unread = replace(self.unread, lines=self.unread.lines + 1)
            return
        text = line.rstrip(b"\n")[:60].decode("utf-8", "replace")
        why = str(error) if type(error) is ValueError else f"{type(error).__name__}: {error}"
        self.unread = Unread(1, where, text, why)


def read_logs(
    sources: Sequence[Source],
    only: str | None = None,
    watch: Callable[[int], object] = lambda _: None,
    bare: float | None = None,
) -> LogSummary:
    """Return the figures from logs.

    Args:
        sources: The logs.
        only: The name of the only format to read; files in other formats are left out.
        watch: Called with each number of bytes read.
        bare: The unit, in milliseconds, of a number without a unit that may be a duration;
            ``None`` to ignore such numbers.

    Raises:
        ConfigError: A log cannot be read, no line is a request, the logs are in formats of
            several programs, or they have a hole.
    """
    known = _known(sources, only)
    reading = _Reading()
    for source in sources:
        _read(reading, source, known, (only, bare), watch)
    if not reading.tally.requests:
        raise _nothing(sources, reading, only)
    name = sources[0].name if len(sources) == 1 else f"{len(sources)} logs"
    titles = tuple(reading.titles)
    notes = (*reading.notes, *reading.tally.calendar.quiet)
    return from_tally(reading.tally, titles, name, reading.other, reading.unread, notes)


def _known(sources: Sequence[Source], only: str | None) -> dict[str, _Kind]:
    """Return the formats of the files, before any is read completely; refuse a mixture."""
    known: dict[str, _Kind] = {}
    for source in sources:
        if source.lasts:
            head = next(source.blocks(lambda _: None, lambda _: None), b"")
            known[source.name] = _kind(head, only)
    _check_one(known)
    return known


def _kind(head: bytes, only: str | None) -> _Kind:
    lines = head.split(b"\n", SAMPLE_LINES)
    # The last line of a block is likely cut off.
    sample = lines[:-1][:SAMPLE_LINES] if len(lines) > SAMPLE_LINES else lines
    unwrap = find_wrapper(sample)
    if unwrap is not None:
        sample = list(_unwrapped(sample, unwrap))
    return _Kind(find_format(sample, only) or UNKNOWN, unwrap, tuple(sample))


def _unwrapped(lines: Iterable[bytes], unwrap: Unwrap) -> Iterator[bytes]:
    for line in lines:
        with suppress(*UNREADABLE):
            yield unwrap(line) if line.strip() else line


def _check_one(known: Mapping[str, _Kind]) -> None:
    kinds = known.items()
    by_name = {kind.format.name: source for source, kind in kinds if kind.format.name}
    if len(by_name) > 1:
        files = ", ".join(f"{name} in {source}" for name, source in by_name.items())
        raise ConfigError(
            "the logs are in formats of several programs",
            cause=f"{files}; if they log the same requests, these would count twice",
            hint=f"choose one with --log-format {'|'.join(by_name)}, or name its files alone",
        )


def _read(
    reading: _Reading,
    source: Source,
    known: dict[str, _Kind],
    asked: tuple[str | None, float | None],
    watch: Callable[[int], object],
) -> None:
    only, bare = asked
    notes_before = len(reading.notes)
    blocks = source.blocks(watch, lambda text: reading.notes.append(f"{source.name}: {text}"))
    head = next(blocks, b"")
    if not head:
        if len(reading.notes) == notes_before:
            reading.notes.append(f"{source.name}: the file is empty")
        return
    if source.name not in known:
        known[source.name] = _kind(head, only)
        _check_one(known)
    kind = known[source.name]
    if (remark := _remark(kind, head, asked)) is not None:
        reading.notes.append(f"{source.name}: {remark}")
    if kind.format is UNKNOWN and (only or foreign(head)):
        return
    if kind.format is not UNKNOWN:
        reading.titles[kind.format.title] = None
    _count(reading, source.name, kind, bare, chain((head,), blocks))


def _remark(kind: _Kind, head: bytes, asked: tuple[str | None, float | None]) -> str | None:
    """Return a note on a file, from its first lines."""
    only, bare = asked
    if kind.format is not UNKNOWN:
        return kind.format.remark(kind.sample) if bare is None else None
    if only:
        return f"left out, because it is not a log in the format {only}"
    return foreign(head) or _nearly(kind.sample) or NO_FORMAT


def _nearly(sample: Sequence[bytes]) -> str | None:
    """Return a note on a format that some of the lines have, but too few."""
    for format in FORMATS:
        fitting, others = fitting_lines(format, sample)
        if fitting:
            return (
                f"only {fitting} of its first {fitting + others} lines are in the format"
                f" {format.name}; --log-format {format.name} reads them"
            )
    return None


def _count(
    reading: _Reading, name: str, kind: _Kind, bare: float | None, blocks: Iterable[bytes]
) -> None:
    parse, order, number = kind.reader(bare), _Order(), 0
    add, places = reading.tally.add, reading.tally.calendar.places
    for batch in kind.format.split(blocks):
        for line in batch:
            number += 1
            try:
                record = parse(line) if line is not None else _too_long()
                if record is None:
                    reading.other += 1
                    continue
                if add(record):
                    places[int(record[0] or 0) // 3600] = f"{name}, line {number}"
                if (time := record[0]) is not None and time < order.newest:
                    order.see_earlier(time, number)
                elif time is not None:
                    order.newest = time
            except UNREADABLE as error:
                reading.miss(f"{name}, line {number}", b"-" if line is None else line, error)
    if order.back > MAX_STEP_BACK:
        reading.notes.append(
            f"{name}, line {order.line}: the times go back by {order.back:,.0f} seconds; all lines"
            " count"
        )


def _too_long() -> NoReturn:
    raise ValueError(f"it has more than {MAX_LINE:,} bytes, or was cut off")


def _nothing(sources: Sequence[Source], reading: _Reading, only: str | None) -> ConfigError:
    names = ", ".join(source.name for source in sources[:3])
    more = f" and {len(sources) - 3} more" if len(sources) > 3 else ""
    tried = only or ", ".join(dict.fromkeys(format.title for format in FORMATS))
    unread, other = reading.unread, reading.other
    reason = f"{unread.where}: {unread.text!a}: {unread.why}" if unread.lines else ""
    if reading.titles and other:
        titles = ", ".join(reading.titles)
        reason = f"{titles}: none of its {other:,} lines is a request that reached the app"
    return ConfigError(
        f"{names}{more}: no line is a request",
        cause="; ".join(filter(None, (*reading.notes[:3], reason))) or None,
        hint=f"formats tried: {tried}",
    )
