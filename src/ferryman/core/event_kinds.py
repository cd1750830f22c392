"""The kinds of events that are no HTTP requests: how each is told, and what its records are.

Pure functions on parsed JSON, which may hold anything. The formats are AWS's ("Using
Lambda with other services", in the AWS Lambda developer guide), yet they are the same
whoever hands them on, so they are read here and not in a target.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.core.errors import MalformedEvent, UnknownEvent

__all__ = ("KINDS", "EventKind", "MalformedEvent", "Record", "UnknownEvent", "find_kind")

Record = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event, by what sends it.

    Attributes:
        name: What handlers are registered by, such as `sqs`.
        source: What the kind's records say they come from; None if the event is the record.
        identify: The id of a record in the answer that names those that failed; None where
            there is no such answer, and a failure is one of the whole invocation.
        lane: What names the records that must be handled in order, one after the other;
            it returns None for a record that can be handled at any time.
        checkpoint: Whether the sender goes on from the first failure, so that it alone is
            named.
        general: The kind whose handler gets the event, where this one has none.
    """

    name: str
    source: str | None = None
    identify: Callable[[Record], object] | None = None
    lane: Callable[[Record], str | None] = lambda _: None
    checkpoint: bool = False
    general: str | None = None

    def records(self, event: Record) -> list[Record]:
        """Return the records of an event, each of them checked.

        Raises:
            MalformedEvent: One is no record of this kind, or has no id and needs one.
        """
        if self.source is None:
            return [event]
        for number, record in enumerate(event["Records"], 1):
            if _source(record) != self.source:
                raise MalformedEvent(
                    f"record {number} of the '{self.name}' event is not from {self.source}"
                )
            if self.identify and not _is_name(self.identify(record)):
                raise MalformedEvent(
                    f"record {number} of the '{self.name}' event has no id",
                    cause="without one, nobody could be told that the record failed",
                )
        records: list[Record] = event["Records"]
        return records


def find_kind(event: object) -> EventKind:
    """Return the kind of an event.

    Raises:
        UnknownEvent: It is none of the kinds there are.
    """
    if isinstance(event, dict):
        records = event.get("Records")
        if isinstance(records, list) and records:
            source = _source(records[0])
            if isinstance(source, str) and source in _BY_SOURCE:
                return _BY_SOURCE[source]
        elif _is_name(event.get("detail-type")) and _is_name(event.get("source")):
            return _SCHEDULE if _is_schedule(event) else _EVENTBRIDGE
    raise UnknownEvent(
        "this event is neither an HTTP request nor of a kind that can be handled",
        cause=f"it is {_outline(event)}",
        hint=f"the kinds are {', '.join(KINDS)}",
    )


def _is_schedule(event: Record) -> bool:
    # A rule's clock, or EventBridge Scheduler's. Only AWS can send with a source in aws.
    sources = ("aws.events", "aws.scheduler")
    return event["detail-type"] == "Scheduled Event" and event["source"] in sources


def _message_group(record: Record) -> str | None:
    # Messages of a standard queue can have a group too, for fairness; it means no order.
    queue = record.get("eventSourceARN")
    if not isinstance(queue, str) or not queue.endswith(".fifo"):
        return None
    return str(_object(record, "attributes").get("MessageGroupId"))


def _shard(_record: Record) -> str:
    # A batch comes from one shard.
    return "shard"


def _source(record: object) -> object:
    if not isinstance(record, dict):
        return None
    # SNS alone writes its fields with a capital.
    return record.get("eventSource") or record.get("EventSource")


def _object(record: Record, name: str) -> Mapping[str, object]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _outline(event: object) -> str:
    """Say what an event looks like, by its keys: its values may be private."""
    if not isinstance(event, dict):
        return f"no JSON object but of type {type(event).__name__}"
    keys = ", ".join(sorted(str(key)[:40] for key in event)[:12])
    return f"an object with the keys {keys}" if keys else "an empty object"


_EVENTBRIDGE = EventKind("eventbridge")
_SCHEDULE = EventKind("schedule", general="eventbridge")

KINDS: Mapping[str, EventKind] = {
    kind.name: kind
    for kind in (
        EventKind(
            "sqs", "aws:sqs", identify=lambda record: record.get("messageId"), lane=_message_group
        ),
        EventKind("sns", "aws:sns"),
        _EVENTBRIDGE,
        _SCHEDULE,
        EventKind("s3", "aws:s3"),
        EventKind(
            "dynamodb",
            "aws:dynamodb",
            identify=lambda record: _object(record, "dynamodb").get("SequenceNumber"),
            lane=_shard,
            checkpoint=True,
        ),
        EventKind(
            "kinesis",
            "aws:kinesis",
            identify=lambda record: _object(record, "kinesis").get("sequenceNumber"),
            lane=_shard,
            checkpoint=True,
        ),
    )
}
"""Every kind, by its name."""

_BY_SOURCE = {kind.source: kind for kind in KINDS.values() if kind.source}
