"""Which kind an event is of, by what AWS sends, and what is refused as none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman.cli.invoke import FIXTURES
from ferryman.core.event_kinds import ANY, KINDS, EventKind, MalformedEvent, find_kinds, unknown

SAMPLES = sorted(set(FIXTURES) - {"warm-up"})


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(FIXTURES[name].read_text())
    return event


def kind_of(event: object) -> EventKind:
    return find_kinds(event)[0]


@pytest.mark.parametrize("name", SAMPLES)
def test_each_sample_is_of_its_kind_and_every_kind_has_one(name: str) -> None:
    assert kind_of(sample(name)).name == name.removesuffix("-fifo")
    assert set(KINDS) <= set(SAMPLES)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("sqs", [f"059f36b4-87a3-44ab-83d2-66197000000{n}" for n in (1, 2, 3)]),
        ("kinesis", [f"4959033827149025660855969253836157109592157598913000000{n}" for n in "123"]),
        ("dynamodb", [f"442158450000000001745043909{n}" for n in (0, 1, 2)]),
        (
            "kafka",
            [{"partition": f"orders-{p}", "offset": at} for p, at in ((0, 15), (0, 16), (1, 8))],
        ),
    ],
)
def test_records_of_a_batch_are_told_by_the_ids_that_aws_wants_back(
    name: str, ids: list[object]
) -> None:
    kind = kind_of(sample(name))
    assert kind.identify is not None
    assert [kind.identify(record) for record in kind.records(sample(name))] == ids


@pytest.mark.parametrize(
    ("queue", "lanes"),
    [
        ("arn:aws:sqs:eu-west-1:123456789012:orders.fifo", ["ada", "bob", "ada"]),
        # Fair queues: a standard queue has groups as well, and they mean no order.
        ("arn:aws:sqs:eu-west-1:123456789012:orders", [None, None, None]),
        (None, [None, None, None]),
        (["x.fifo"], [None, None, None]),
    ],
)
def test_a_message_group_means_order_in_a_fifo_queue_alone(
    queue: object, lanes: list[str | None]
) -> None:
    records = sample("sqs-fifo")["Records"]
    for record in records:
        record["eventSourceARN"] = queue
    assert [KINDS["sqs"].lane(record) for record in records] == lanes


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"source": "aws.scheduler"}, "schedule"),
        ({"source": "my.calendar"}, "eventbridge"),
        ({"detail-type": "EC2 Instance State-change Notification"}, "eventbridge"),
    ],
)
def test_a_schedule_is_what_a_clock_of_aws_sent(change: dict[str, str], kind: str) -> None:
    assert kind_of(sample("schedule") | change).name == kind


@pytest.mark.parametrize(
    ("event", "cause"),
    [
        ({}, "an empty object"),
        ({"b": 1, "a": 2}, "an object with the keys a, b"),
        ({"secret" * 50: 1}, "an object with the keys " + ("secret" * 50)[:40]),
        ([], "not a JSON object but of type list"),
        (None, "not a JSON object but of type NoneType"),
        ("sqs", "not a JSON object but of type str"),
        ({"Records": []}, "an object with the keys Records"),
        ({"Records": {}}, "an object with the keys Records"),
        ({"Records": [None]}, "an object with the keys Records"),
        (
            {"Records": [{"eventSource": "aws:codecommit"}]},
            "an object with the keys Records, from the eventSource aws:codecommit",
        ),
        (
            {"eventSource": "aws:docdb", "events": []},
            "an object with the keys eventSource, events, from the eventSource aws:docdb",
        ),
        ([[]], "not a JSON object but of type list"),
        ({"Records": [{"eventSource": ["aws:sqs"]}]}, "an object with the keys Records"),
        ({"Records": [{"eventSource": {}}]}, "an object with the keys Records"),
        ({"detail-type": "x"}, "an object with the keys detail-type"),
        ({"detail-type": "x", "source": []}, "an object with the keys detail-type, source"),
    ],
)
def test_anything_else_is_unknown_and_the_error_says_what_it_is(event: object, cause: str) -> None:
    assert find_kinds(event) == (ANY,)
    error = unknown(event)
    assert error.cause == f"it is {cause}"
    assert "sqs, sns, eventbridge" in str(error.hint)


@pytest.mark.parametrize(
    ("name", "record", "said"),
    [
        ("sqs", {"eventSource": "aws:sqs"}, "record 4 of the 'sqs' event has no id"),
        ("sqs", {"eventSource": "aws:sqs", "messageId": ""}, "has no id"),
        ("sqs", {"eventSource": "aws:sqs", "messageId": 7}, "has no id"),
        ("kinesis", {"eventSource": "aws:kinesis", "kinesis": []}, "has no id"),
        ("kinesis", {"eventSource": "aws:kinesis", "kinesis": {"data": ""}}, "has no id"),
        ("dynamodb", {"eventSource": "aws:dynamodb", "dynamodb": "x"}, "has no id"),
        ("sqs", {"eventSource": "aws:sns", "messageId": "1"}, "is not from aws:sqs"),
        ("sns", {}, "is not from aws:sns"),
        ("s3", None, "is not from aws:s3"),
        ("s3", [[]], "is not from aws:s3"),
    ],
)
def test_one_bad_record_spoils_the_event(name: str, record: object, said: str) -> None:
    """Handled by halves, it could not be told to AWS which half is to come again."""
    event = sample(name)
    event["Records"] = [*event["Records"][:1] * 3, record]
    with pytest.raises(MalformedEvent, match=said):
        kind_of(event).records(event)


def test_depth_is_no_trouble() -> None:
    deep: Any = {}
    for _ in range(100_000):
        deep = [deep]
    event = sample("sqs")
    event["Records"][0]["body"] = deep
    event["Records"][1]["attributes"] = deep
    assert len(kind_of(event).records(event)) == 3
    assert find_kinds({"Records": deep, "detail-type": deep}) == (ANY,)
    while deep:
        deep = deep.pop()


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def mutated(event: Any, draw: st.DataObject) -> Any:
    """Put junk in one place of an event, anywhere below its top."""
    place = event
    while True:
        keys = list(range(len(place)) if isinstance(place, list) else place)
        key = draw.draw(st.sampled_from(keys))
        below = place[key]
        if not isinstance(below, (dict, list)) or not below or draw.draw(st.booleans()):
            place[key] = draw.draw(JUNK)
            return event
        place = below


@given(name=st.sampled_from(SAMPLES), draw=st.data())
def test_an_event_with_junk_in_it_is_read_or_refused(name: str, draw: st.DataObject) -> None:
    event = mutated(sample(name), draw)
    try:
        kind = kind_of(event)
        records = kind.records(event)
    except MalformedEvent as error:
        assert error.message  # noqa: PT017 - either outcome is right
    else:
        assert all(isinstance(kind.lane(record), str | None) for record in records)


def test_the_reference_lists_every_kind_and_no_other(repository: Path) -> None:
    page = (repository / "docs/reference/triggers.md").read_text(encoding="utf-8")
    table = page.partition("## Kinds")[2].partition("\n- ")[0]
    assert re.findall(r"^\| `([\w-]+)`", table, re.MULTILINE) == list(KINDS)
