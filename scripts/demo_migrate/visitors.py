"""Visitors of the postcards' wall, who check every answer, and remember what they sent."""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import urlencode

from scripts.demo_migrate.client import Answer, Client, Lost

__all__ = ("Crowd", "Record")

# A third of what a visitor does writes something.
_WRITES = 1 / 3
_READS = ("/cards/1", "/cards/3", "/api/cards/2", "/static/wall.css", "/stamps/4.png")


@dataclass(slots=True)
class Record:
    """What happened.

    Attributes:
        sent: Requests, by method.
        lost: Those that got no whole answer, in words.
        different: Answers that were not what they had to be, in words.
        cards: The cards that were accepted, by number, with their message.
        attempted: Messages that were sent, whatever came back.
    """

    sent: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    different: list[str] = field(default_factory=list)
    cards: dict[int, str] = field(default_factory=dict)
    attempted: set[str] = field(default_factory=set)


class Crowd:
    """Visitors on connections of their own, until they are told to go.

    Args:
        port: The balancer's.
        visitors: How many.
        rate: Requests a second, of all of them together.
        expected: What each page of `_READS` answers.
    """

    def __init__(
        self, port: int, visitors: int, rate: float, expected: Mapping[str, Answer]
    ) -> None:
        self.record = Record()
        self._port, self._visitors = port, visitors
        self._pause = visitors / rate
        self._expected = expected
        self._numbers = count(1)
        self.gone = asyncio.Event()

    @classmethod
    async def pages(cls, port: int) -> dict[str, Answer]:
        """Return what one side answers to each page before anything moves."""
        async with Client(port, "127.0.0.1") as client:
            return {target: await client.send("GET", target) for target in _READS}

    async def come(self) -> None:
        """Visit until told to go."""
        await asyncio.gather(*(self._visit(number) for number in range(self._visitors)))

    async def _visit(self, number: int) -> None:
        dice = random.Random(number)  # noqa: S311 not a secret
        name = f"visitor {number}"
        await asyncio.sleep(dice.random() * self._pause)
        async with Client(self._port, f"127.0.1.{1 + number}") as client:
            await self._sign_in(client, name)
            for due in _times(time.monotonic(), self._pause):
                if self.gone.is_set():
                    return
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                await self._act(client, name, dice)

    async def _act(self, client: Client, name: str, dice: random.Random) -> None:
        if dice.random() < _WRITES:
            await self._send_card(client, name, form=dice.random() < 0.5)
        elif dice.random() < 0.3:
            await self._ask_who(client, name)
        else:
            await self._read(client, dice.choice(_READS))

    async def _sign_in(self, client: Client, name: str) -> None:
        body = urlencode({"name": name, "theme": "sand"}).encode()
        answer = await self._send(client, "POST", "/login", body, _FORM)
        self._expect(answer, answer is None or answer.status == 303, "signing in")

    async def _send_card(self, client: Client, name: str, form: bool) -> None:
        message = f"card {next(self._numbers)}"
        self.record.attempted.add(message)
        card = {"place": "Porto", "sent": "2025-03-01", "message": message}
        if form:
            answer = await self._send(client, "POST", "/cards", urlencode(card).encode(), _FORM)
            number = answer.headers.get("location", "").rpartition("/")[2] if answer else ""
            good = answer is not None and answer.status == 303 and number.isdigit()
        else:
            body = json.dumps({**card, "sender": name}).encode()
            answer = await self._send(client, "POST", "/api/cards", body)
            number = str(_object(answer).get("number", "")) if answer else ""
            good = answer is not None and answer.status == 201 and number.isdigit()
        self._expect(answer, good, f"sending {message}")
        if good:
            self.record.cards[int(number)] = message

    async def _ask_who(self, client: Client, name: str) -> None:
        answer = await self._send(client, "GET", "/api/me")
        good = answer is None or (answer.status == 200 and _object(answer).get("name") == name)
        self._expect(answer, good, f"{name}'s session")

    async def _read(self, client: Client, target: str) -> None:
        answer = await self._send(client, "GET", target)
        if answer is None:
            return
        wanted = self._expected[target]
        if target.startswith("/cards/"):
            good = answer.status == 200 and "visitor" in answer.body.decode()
        else:
            good = (answer.status, answer.body) == (wanted.status, wanted.body)
        self._expect(answer, good, target)

    async def _send(
        self,
        client: Client,
        method: str,
        target: str,
        body: bytes = b"",
        kind: str = "application/json",
    ) -> Answer | None:
        self.record.sent[method] += 1
        try:
            return await client.send(method, target, body, kind)
        except Lost as lost:
            self.record.lost.append(str(lost))
            return None

    def _expect(self, answer: Answer | None, good: bool, what: str) -> None:
        if answer is not None and not good:
            self.record.different.append(f"{what}: {answer.status} {answer.body[:120]!r}")


_FORM = "application/x-www-form-urlencoded"


def _times(begin: float, pause: float) -> Iterator[float]:
    """Yield when each request is due; who is late does not hurry afterwards."""
    due = begin
    while True:
        due = max(due + pause, time.monotonic())
        yield due


def _object(answer: Answer) -> dict[str, object]:
    """Return the JSON object of an answer; an empty one where it is something else."""
    try:
        found = json.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
