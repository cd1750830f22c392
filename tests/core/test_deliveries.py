"""What runs when, what is answered when some of it fails, and when time is up."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest

from ferryman.cli.invoke import FIXTURES
from ferryman.core.deliveries import Delivery, TriggerCutOff, TriggerFailed
from ferryman.core.event_kinds import KINDS

Handler = Callable[[dict[str, Any]], Awaitable[object]]


def message(id: str, group: str | None = None) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(FIXTURES["sqs"].read_text())["Records"][0]
    record["messageId"] = id
    if group:
        record["eventSourceARN"] += ".fifo"
        record["attributes"]["MessageGroupId"] = group
    return record


def from_stream(kind: str, id: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(FIXTURES[kind].read_text())["Records"][0]
    record[kind]["sequenceNumber" if kind == "kinesis" else "SequenceNumber"] = id
    return record


def id_of(record: dict[str, Any]) -> str:
    for kind in KINDS.values():
        if kind.identify and (found := kind.identify(record)):
            return str(found)
    return str(record["id"])


def failing(*ids: str, seen: list[str] | None = None) -> Handler:
    async def handle(record: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        if seen is not None:
            seen.append(id_of(record))
        if id_of(record) in ids:
            raise ValueError(f"{id_of(record)} is wrong")

    return handle


async def answer(
    kind: str, records: list[dict[str, Any]], handle: Handler, **how: Any
) -> dict[str, Any]:
    delivery = Delivery(KINDS[kind], records, handle, **how)
    await delivery.run()
    return delivery.result()


async def test_a_panic_fails_its_own_record_alone() -> None:
    """An extension written in Rust panics with what is no `Exception`."""

    class Panic(BaseException):
        pass

    async def handle(record: dict[str, Any]) -> None:
        if id_of(record) == "b":
            raise Panic("index out of bounds")

    result = await answer("sqs", [message("a"), message("b"), message("c")], handle)
    assert result == {"batchItemFailures": [{"itemIdentifier": "b"}]}


def failures(*ids: str) -> dict[str, Any]:
    return {"batchItemFailures": [{"itemIdentifier": id} for id in ids]}


@pytest.mark.parametrize("concurrency", [1, 2, 10])
@pytest.mark.parametrize("failed", [(), ("b",), ("a", "c"), ("a", "b", "c")])
async def test_a_queue_is_told_which_messages_failed(
    failed: tuple[str, ...], concurrency: int
) -> None:
    seen: list[str] = []
    records = [message(id) for id in "abc"]
    handle = failing(*failed, seen=seen)
    assert await answer("sqs", records, handle, concurrency=concurrency) == failures(*failed)
    assert seen == ["a", "b", "c"]


@pytest.mark.parametrize("concurrency", [1, 2, 10])
async def test_a_message_group_stops_at_its_first_failure_and_others_go_on(
    concurrency: int,
) -> None:
    groups = {"a1": "a", "b1": "b", "a2": "a", "b2": "b", "a3": "a", "b3": "b"}
    seen: list[str] = []
    records = [message(id, group) for id, group in groups.items()]
    handle = failing("a2", seen=seen)
    assert await answer("sqs", records, handle, concurrency=concurrency) == failures("a2", "a3")
    assert sorted(seen) == ["a1", "a2", "b1", "b2", "b3"]


@pytest.mark.parametrize("kind", ["kinesis", "dynamodb"])
@pytest.mark.parametrize(("failed", "seen"), [((), "abcd"), (("b", "c"), "ab"), (("a",), "a")])
async def test_a_stream_stops_at_the_first_failure_and_names_that_one(
    kind: str, failed: tuple[str, ...], seen: str
) -> None:
    handled: list[str] = []
    records = [from_stream(kind, id) for id in "abcd"]
    handle = failing(*failed, seen=handled)
    assert await answer(kind, records, handle, concurrency=10) == failures(*failed[:1])
    assert "".join(handled) == seen


@pytest.mark.parametrize(
    ("kind", "records"),
    [
        ("kinesis", [from_stream("kinesis", id) for id in "abc"]),
        ("dynamodb", [from_stream("dynamodb", id) for id in "abc"]),
        ("sqs", [message(id, "g") for id in "abc"]),
    ],
)
async def test_records_in_order_never_overlap(kind: str, records: list[dict[str, Any]]) -> None:
    told: list[str] = []

    async def handle(record: dict[str, Any]) -> None:
        told.append(f"begin {id_of(record)}")
        await asyncio.sleep(0)
        told.append(f"end {id_of(record)}")

    await answer(kind, records, handle, concurrency=10)
    assert told == [f"{what} {id}" for id in "abc" for what in ("begin", "end")]


@pytest.mark.parametrize("concurrency", [1, 3, 8])
async def test_as_many_records_are_handled_at_once_as_is_said(concurrency: int) -> None:
    under_way = 0
    most = 0

    async def handle(_: dict[str, Any]) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _turn in range(5):
            await asyncio.sleep(0)
        under_way -= 1

    await answer("sqs", [message(str(n)) for n in range(8)], handle, concurrency=concurrency)
    assert most == concurrency


async def test_no_record_sees_what_another_left_in_the_context() -> None:
    user: ContextVar[str] = ContextVar("user", default="nobody")
    seen: list[str] = []

    async def handle(record: dict[str, Any]) -> None:
        seen.append(user.get())
        user.set(id_of(record))

    await answer("sqs", [message(id) for id in "abc"], handle)
    assert seen == ["nobody"] * 3


async def test_a_failed_record_is_logged_with_the_frames_of_its_handler(
    caplog: pytest.LogCaptureFixture,
) -> None:
    await answer("sqs", [message("a")], failing("a"))
    (record,) = caplog.records
    said = record.getMessage()
    assert record.levelno == logging.ERROR
    assert said.startswith("sqs record 'a': its handler failed\nTraceback")
    assert said.endswith("ValueError: a is wrong")
    assert "test_deliveries.py" in said
    assert "deliveries.py" not in said.replace("test_deliveries.py", "")


@pytest.mark.parametrize("kind", ["sns", "s3", "eventbridge", "schedule"])
async def test_where_no_answer_names_records_a_failure_is_the_invocations(kind: str) -> None:
    seen: list[str] = []
    records = [{"id": id} for id in "abc"]
    with pytest.raises(TriggerFailed) as caught:
        await answer(kind, records, failing("b", seen=seen))
    assert caught.value.message == f"the handler of '{kind}' raised ValueError"
    assert caught.value.cause == "records not handled: 1 of 3"
    assert isinstance(caught.value.__cause__, ValueError)
    assert seen == ["a", "b", "c"]
    assert await answer(kind, records, failing()) == {}


async def test_a_mapping_that_takes_no_report_gets_none() -> None:
    """Without ReportBatchItemFailures, AWS would take the failed messages for handled."""
    records = [message(id) for id in "ab"]
    assert await answer("sqs", records, failing(), report_failures=False) == {}
    with pytest.raises(TriggerFailed):
        await answer("sqs", records, failing("b"), report_failures=False)


async def test_a_handler_that_is_not_async_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def handle(_: dict[str, Any]) -> None: ...

    records = [message("a")]
    assert await answer("sqs", records, handle) == failures("a")  # type: ignore[arg-type]
    assert "define it with `async def`" in caplog.text


async def test_a_handler_that_something_of_its_own_cancelled_has_failed() -> None:
    async def handle(record: dict[str, Any]) -> None:
        if id_of(record) == "a":
            raise asyncio.CancelledError

    assert await answer("sqs", [message(id) for id in "ab"], handle) == failures("a")


class Stuck:
    """A handler that never ends for some ids, and notes when it is cancelled."""

    def __init__(self, *ids: str, swallows: bool = False) -> None:
        self.ids = ids
        self.swallows = swallows
        self.reached = asyncio.Event()
        self.cancelled: list[str] = []
        self.begun: list[str] = []

    async def __call__(self, record: dict[str, Any]) -> None:
        self.begun.append(id_of(record))
        if id_of(record) not in self.ids:
            return
        try:
            self.reached.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.append(id_of(record))
            if not self.swallows:
                raise

    async def cut_off(self, delivery: Delivery) -> None:
        running = asyncio.create_task(delivery.run())
        await self.reached.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


@pytest.mark.parametrize(("concurrency", "left"), [(1, ["b", "c", "d"]), (2, ["b"]), (10, ["b"])])
async def test_what_was_not_handled_in_time_has_failed(
    concurrency: int, left: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    stuck = Stuck("b")
    records = [message(id) for id in "abcd"]
    delivery = Delivery(KINDS["sqs"], records, stuck, concurrency=concurrency)
    running = asyncio.create_task(delivery.run())
    await stuck.reached.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert delivery.cut_off() == failures(*left)
    assert stuck.cancelled == ["b"]
    assert f"cut off at the time limit, records not handled: {len(left)} of 4" in caplog.text


async def test_a_stream_cut_off_goes_on_from_where_it_was() -> None:
    stuck = Stuck("b")
    records = [from_stream("kinesis", id) for id in "abc"]
    delivery = Delivery(KINDS["kinesis"], records, stuck, concurrency=10)
    await stuck.cut_off(delivery)
    assert delivery.cut_off() == failures("b")


async def test_a_handler_that_will_not_be_cancelled_is_the_last_one() -> None:
    stuck = Stuck("a", swallows=True)
    delivery = Delivery(KINDS["sqs"], [message(id) for id in "abc"], stuck)
    await stuck.cut_off(delivery)
    assert stuck.begun == ["a"]
    assert delivery.cut_off() == failures("b", "c")


@pytest.mark.parametrize(("kind", "reports"), [("sns", True), ("sqs", False)])
async def test_without_such_an_answer_the_cut_off_is_an_error(kind: str, reports: bool) -> None:
    stuck = Stuck("a")
    record = message("a") if kind == "sqs" else {"id": "a"}
    delivery = Delivery(KINDS[kind], [record], stuck, report_failures=reports)
    await stuck.cut_off(delivery)
    with pytest.raises(TriggerCutOff, match=f"{kind}: cut off .* records not handled: 1 of 1"):
        delivery.cut_off()


async def test_a_cut_off_that_comes_too_late_changes_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    delivery = Delivery(KINDS["sns"], [{"id": "a"}], failing())
    await delivery.run()
    assert delivery.cut_off() == {}
    assert caplog.records == []
