"""Sends the same requests to both sides, with the cookies of one session across both.

A session that one side opened must work on the other: a cookie that one side sets is sent to both
from then on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from http.cookies import CookieError, SimpleCookie

import aiohttp

from ferryman.core.errors import FerrymanError
from ferryman.migrate.parity import Answer, Difference, ParityRequest, compare, open_session, send

__all__ = ("SAFE", "Verified", "verify")

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, section 9.2.1)."""


@dataclass(frozen=True, slots=True)
class Verified:
    """The result of a comparison.

    Attributes:
        sent: How many requests both sides got.
        left_out: How many requests were not sent, because they may change something.
        differences: The differences between the answers.
    """

    sent: int
    left_out: int
    differences: tuple[Difference, ...]


async def verify(
    requests: Sequence[ParityRequest], sides: Mapping[str, str], *, unsafe: bool = False
) -> Verified:
    """Send requests to both sides, one after the other, and compare the answers.

    Args:
        requests: The requests, in the order in which a session sends them.
        sides: The address of each side, by its name.
        unsafe: Whether to send requests that may change something.

    Raises:
        FerrymanError: A side does not answer.
    """
    chosen = [each for each in requests if unsafe or each.method in SAFE]
    cookies: dict[str, str] = {}
    found: list[Difference] = []
    async with open_session() as session:
        for request in chosen:
            answers = {}
            for name, address in sides.items():
                # A cookie that one side sets goes to the other with the next request.
                answers[name] = await _answer(session, name, address, request, cookies)
                cookies |= _cookies(answers[name])
            found += compare(request, answers)
    return Verified(len(chosen), len(requests) - len(chosen), tuple(found))


async def _answer(
    session: aiohttp.ClientSession,
    name: str,
    address: str,
    request: ParityRequest,
    cookies: Mapping[str, str],
) -> Answer:
    header = ("Cookie", "; ".join(f"{key}={value}" for key, value in cookies.items()))
    own = any(key.lower() == "cookie" for key, _ in request.headers)
    headers = request.headers if own or not cookies else (*request.headers, header)
    try:
        return await send(session, address.rstrip("/"), replace(request, headers=headers))
    except (aiohttp.ClientError, TimeoutError) as error:
        raise FerrymanError(
            f"{name} does not answer at {address}", cause=str(error) or type(error).__name__
        ) from None


def _cookies(answer: Answer) -> dict[str, str]:
    found: dict[str, str] = {}
    for header in answer.headers.get("set-cookie", ()):
        try:
            found |= {name: morsel.coded_value for name, morsel in SimpleCookie(header).items()}
        except CookieError:
            continue
    return found
