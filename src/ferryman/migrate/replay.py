"""Sends golden traffic to another release, and groups the differences between the answers.

A part of an answer that changes each time (a clock, a request's number) is not a difference: such a
part was recorded with two values, or has two values when the request is sent twice.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import aiohttp

from ferryman.core.errors import FerrymanError
from ferryman.core.recording import without_secrets
from ferryman.migrate.golden import COOKIES, Golden, Recorded
from ferryman.migrate.parity import ParityRequest, open_session, send
from ferryman.migrate.verify import SAFE
from ferryman.records.wording import counted

__all__ = ("Group", "Replayed", "replay")

_AT_A_TIME = 8
_VARYING = re.compile(r"(?<=/)(\d+|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-fA-F]{16,})(?=/|$)")


@dataclass(frozen=True, slots=True)
class Group:
    """Requests whose answers differ in the same way.

    Attributes:
        where: Method and path, with `*` in place of numbers and ids.
        part: `status`, `content-type`, `location` or `body`.
        recorded: The recorded value.
        answered: The value now.
        requests: The number of recorded requests.
        example: The target of one of them.
    """

    where: str
    part: str
    recorded: str
    answered: str
    requests: int
    example: str

    def __str__(self) -> str:
        """Return the group as one line."""
        return (
            f"{self.where}: {self.part}: {self.recorded} was recorded, {self.answered} is answered "
            f"({counted(self.requests, 'request')}, such as {self.example})"
        )


@dataclass(frozen=True, slots=True)
class Replayed:
    """The result of a replay.

    Attributes:
        sent: Requests that were sent.
        changing: Those of them whose bodies change by themselves.
        left_out: How many of the recorded requests were not sent, by the reason.
        groups: The differences, the most frequent first.
    """

    sent: int
    changing: int
    left_out: Mapping[str, int]
    groups: tuple[Group, ...]


async def replay(
    requests: Sequence[Golden],
    address: str,
    *,
    cookies: Mapping[str, str] | None = None,
    unsafe: bool = False,
    show: Callable[[str], None] = lambda _: None,
) -> Replayed:
    """Send recorded requests to a release, and compare its answers with the recorded ones.

    Args:
        requests: The requests.
        address: The release's address.
        cookies: Cookies of a session there, for requests that had some: of their answers only
            the status, the type and the location are compared.
        unsafe: Whether to send requests that may change something.
        show: Called with the progress.

    Raises:
        FerrymanError: The release does not answer.
    """
    left_out: Counter[str] = Counter()
    chosen = []
    for each in requests:
        reason = _reason(each, cookies is not None, unsafe)
        if reason:
            left_out[reason] += each.times
        else:
            chosen.append(each)
    lanes, found = asyncio.Semaphore(_AT_A_TIME), list[_Found]()
    async with open_session() as session:

        async def one(golden: Golden) -> None:
            async with lanes:
                found.append(await _compare(session, address.rstrip("/"), golden, cookies))
                show(f"{len(found):,} of {counted(len(chosen), 'request')}")

        try:
            async with asyncio.TaskGroup() as group:
                for each in chosen:
                    group.create_task(one(each))
        except* FerrymanError as failed:
            # A release that does not answer one request will not answer the others.
            raise failed.exceptions[0] from None
    return Replayed(
        len(chosen), sum(each.changing for each in found), dict(left_out), tuple(_grouped(found))
    )


@dataclass(frozen=True, slots=True)
class _Found:
    golden: Golden
    differences: tuple[tuple[str, str, str], ...]
    changing: bool = False


def _reason(golden: Golden, has_cookies: bool, unsafe: bool) -> str:
    """Return why not to send a request; empty to send it."""
    if golden.method not in SAFE and not unsafe:
        return "it may change something (--unsafe)"
    if golden.withheld == COOKIES:
        return "" if has_cookies else f"{COOKIES} (--cookie)"
    return golden.withheld


async def _compare(
    session: aiohttp.ClientSession,
    address: str,
    golden: Golden,
    cookies: Mapping[str, str] | None,
) -> _Found:
    headers, own = golden.headers, golden.withheld == COOKIES
    if own and cookies:
        sent = "; ".join(f"{name}={value}" for name, value in cookies.items())
        headers = (*headers, ("Cookie", sent))
    request = ParityRequest(golden.target, golden.method, golden.target, headers, golden.body, None)
    answer = await _answer(session, address, request)
    differences = tuple(_differences(golden, answer))
    recorded = {each.digest for each in golden.answers}
    other_status = any(part == "status" for part, *_ in differences)
    if own or other_status or answer.digest is None or recorded & {answer.digest, None}:
        return _Found(golden, differences)
    again = await _answer(session, address, request) if golden.method in SAFE else answer
    if len(recorded) > 1 or again.digest != answer.digest:
        return _Found(golden, differences, changing=True)
    return _Found(golden, (*differences, ("body", "one body", "another")))


async def _answer(session: aiohttp.ClientSession, address: str, request: ParityRequest) -> Recorded:
    try:
        found = await send(session, address, request)
    except (aiohttp.ClientError, TimeoutError) as error:
        raise FerrymanError(
            f"{address} does not answer {request.method} {request.target}",
            cause=str(error) or type(error).__name__,
        ) from None
    location = next(iter(found.headers.get("location", ())), None)
    packed = "content-encoding" in found.headers
    return Recorded(
        status=found.status,
        type=next(iter(found.headers.get("content-type", ())), None),
        location=None if location is None else without_secrets(location)[0],
        # The recorded answer was not compressed, and the request did not ask for it.
        digest=None if packed else hashlib.sha256(found.body).hexdigest(),
        size=len(found.body),
    )


def _differences(golden: Golden, answer: Recorded) -> Iterator[tuple[str, str, str]]:
    """Yield each part in which an answer differs from all recorded answers."""
    for part, name in (("status", "status"), ("content-type", "type"), ("location", "location")):
        values = [getattr(each, name) for each in golden.answers]
        now = getattr(answer, name)
        if now not in values:
            yield part, str(values[-1] or "none"), str(now or "none")


def _grouped(found: Sequence[_Found]) -> list[Group]:
    """Return the differences, grouped by path, part and values."""
    counts: Counter[tuple[str, str, str, str]] = Counter()
    examples: dict[tuple[str, str, str, str], str] = {}
    for each in found:
        path = _VARYING.sub("*", each.golden.target.partition("?")[0])
        for difference in each.differences:
            key = (f"{each.golden.method} {path}", *difference)
            counts[key] += each.golden.times
            examples.setdefault(key, each.golden.target)
    return [Group(*key, count, examples[key]) for key, count in counts.most_common()]
