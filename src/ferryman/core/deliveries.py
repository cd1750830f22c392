"""Passes one event to its handler: record by record in order, or whole, for an answer.

It knows no event format and no application: the event's kind gives the order of records and the ids
of failed ones.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from inspect import isawaitable
from typing import Any

from ferryman.core.errors import ENDINGS, FerrymanError
from ferryman.core.event_kinds import EventKind, Record
from ferryman.core.tracebacks import user_traceback

__all__ = ("Delivery", "Exchange", "TriggerCutOff", "TriggerFailed")

_log = logging.getLogger(__name__)


class TriggerFailed(FerrymanError):
    """An event's handler raised; the sender must send the event again."""


class TriggerCutOff(FerrymanError):
    """An event was not handled in time; the sender must send it again."""


class Delivery:
    """One event on its way to its handler.

    Args:
        kind: The event's kind.
        records: Its records, in order.
        handle: The handler, which takes a record.
        concurrency: How many records are handled at once, at most.
        report_failures: Whether the answer names the records that failed, if the kind has such an
            answer. Otherwise one failed record fails the invocation.
        raise_when_all_fail: Whether the invocation fails if every record fails.
    """

    def __init__(
        self,
        kind: EventKind,
        records: Sequence[Record],
        handle: Callable[[Record], Awaitable[object]],
        *,
        concurrency: int = 1,
        report_failures: bool = True,
        raise_when_all_fail: bool = False,
    ) -> None:
        self._kind = kind
        self._records = records
        self._handle = handle
        self._concurrency = concurrency
        self._reports = report_failures and kind.identify is not None
        self._raises = raise_when_all_fail
        # Records that are not handled yet, in order; failed records stay in.
        self._left = dict(enumerate(records))
        self._errors: list[BaseException] = []

    async def run(self) -> None:
        """Pass every record to the handler; `result` then returns the outcome.

        Records in a lane are handled one after the other, up to the first that fails. If this call
        is cancelled, records that are not handled yet count as failed.
        """
        lanes = self._lanes()
        waiting = iter(lanes)
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._concurrency, len(lanes))):
                group.create_task(self._work(waiting), name=f"records of {self._kind.name}")

    def result(self) -> dict[str, Any]:
        """Return the answer to the event; for most kinds it is empty.

        Raises:
            TriggerFailed: Records failed, and this kind's answer cannot name them; or all records
                failed, and `raise_when_all_fail` is set.
        """
        failed = self._reports and self._raises and len(self._left) == len(self._records)
        if self._reports and not (failed and self._errors):
            return {"batchItemFailures": [{"itemIdentifier": id} for id in self._failed()]}
        if self._errors:
            raise self._failure() from self._errors[0]
        return {}

    def cut_off(self) -> dict[str, Any]:
        """Return the answer to an event that the time limit cut off.

        Raises:
            TriggerCutOff: This kind's answer cannot name the records that were not handled.
        """
        if not self._left:
            return self.result()
        left, of = len(self._left), len(self._records)
        said = f"{self._kind.name}: cut off at the time limit, records not handled: {left} of {of}"
        if not self._reports:
            raise TriggerCutOff(
                said, hint="give the function a longer timeout, or the handler less to do"
            )
        _log.error(said)
        return self.result()

    def _lanes(self) -> list[list[int]]:
        lanes: dict[object, list[int]] = {}
        for number, record in enumerate(self._records):
            lane = self._kind.lane(record)
            lanes.setdefault(number if lane is None else lane, []).append(number)
        return list(lanes.values())

    async def _work(self, waiting: Iterable[list[int]]) -> None:
        for lane in waiting:
            for number in lane:
                if not await self._attempt(number):
                    break

    async def _attempt(self, number: int) -> bool:
        """Handle a record in a task of its own, so that no record sees another's context."""
        task = asyncio.create_task(self._call(self._records[number]), name=self._name(number))
        failure: BaseException | None = None
        try:
            await task
        except ENDINGS:
            raise
        except BaseException as error:  # a panic of an extension in Rust is not an Exception
            failure = error
        else:
            del self._left[number]
        worker = asyncio.current_task()
        if worker and worker.cancelling():
            # Even if the handler caught the cancellation, start no further record.
            raise asyncio.CancelledError
        if failure:
            _log.error("%s: its handler failed\n%s", self._name(number), user_traceback(failure))
            self._errors.append(failure)
        return failure is None

    async def _call(self, record: Record) -> None:
        handling = self._handle(record)
        if not isawaitable(handling):
            raise TypeError("the handler is not async: define it with `async def`")
        await handling

    def _failed(self) -> list[object]:
        identify = self._kind.identify
        assert identify is not None
        failed = [identify(record) for record in self._left.values()]
        return failed[:1] if self._kind.checkpoint else failed

    def _failure(self) -> TriggerFailed:
        raised = type(self._errors[0]).__name__
        return TriggerFailed(
            f"the handler of '{self._kind.name}' raised {raised}",
            cause=f"records not handled: {len(self._left)} of {len(self._records)}",
            hint="its traceback is in the log",
        )

    def _name(self, number: int) -> str:
        identify = self._kind.identify
        said = f"{identify(self._records[number])!r}" if identify else str(number + 1)
        return f"{self._kind.name} record {said}"


class Exchange:
    """One event on its way to its handler, whose sender waits for the answer.

    The handler's exception fails the invocation unchanged, because senders read its name and text.

    Args:
        kind: The event's kind.
        event: The event.
        handle: The handler, which takes the event's record.
    """

    def __init__(
        self, kind: EventKind, event: object, handle: Callable[[Record], Awaitable[object]]
    ) -> None:
        self._kind = kind
        self._event = event
        self._record = kind.records(event)[0]
        self._handle = handle
        self._returned: object = None

    async def run(self) -> None:
        """Pass the event to the handler; `result` then returns the answer.

        Raises:
            Exception: The handler's own exception.
        """
        handling = self._handle(self._record)
        if not isawaitable(handling):
            raise TypeError("the handler is not async: define it with `async def`")
        self._returned = await handling

    def result(self) -> Any:
        """Return the answer."""
        assert self._kind.reply is not None
        return self._kind.reply(self._event, self._returned)

    def cut_off(self) -> Any:
        """Raise the error of an event that the time limit cut off.

        Raises:
            TriggerCutOff: Always.
        """
        raise TriggerCutOff(
            f"{self._kind.name}: cut off at the time limit, before it was answered",
            hint="give the function a longer timeout, or the handler less to do",
        )
