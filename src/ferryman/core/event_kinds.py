"""The kinds of events that are not HTTP requests: how to recognise each, and its records.

Pure functions on parsed JSON, which may be malformed. The formats are AWS's ("Using
Lambda with other services", in the AWS Lambda developer guide, and the guides of those
services), and are the same for every sender, so this module reads them and no target does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.core.errors import MalformedEvent, UnknownEvent

__all__ = ("ANY", "KINDS", "EventKind", "MalformedEvent", "Record", "UnknownEvent", "find_kinds")

Record = dict[str, Any]


def _records(event: Any) -> list[Any]:
    records: list[Any] = event if isinstance(event, list) else event["Records"]
    return records


def _returned(_event: Any, returned: object) -> object:
    return returned


@dataclass(frozen=True, slots=True)
class EventKind:
    """A kind of event, named after its sender.

    Attributes:
        name: The name that handlers are registered under, such as `sqs`.
        source: The `eventSource` of the kind's records; None if the event is the record.
        identify: Returns a record's id, by which the answer names failed records, or None if the
            record has no id. None for a kind without such an answer: one failure fails the
            invocation.
        lane: Returns the name of the sequence in which a record must be handled in order, or None
            for a record that can be handled at any time.
        checkpoint: Whether the sender resumes at the first failure, so that the answer names only
            that.
        reply: Makes the function's result from the event and the handler's result, if the sender
            waits for it; None if the result only names failed records.
        take: Returns the records of an event. It raises MalformedEvent if the event has none.
    """

    name: str
    source: str | None = None
    identify: Callable[[Record], object] | None = None
    lane: Callable[[Record], str | None] = lambda _: None
    checkpoint: bool = False
    reply: Callable[[Any, object], object] | None = None
    take: Callable[[Any], list[Record]] | None = None

    def records(self, event: Any) -> list[Record]:
        """Return the records of an event, each of them checked.

        Raises:
            MalformedEvent: A record is of another kind, or lacks a required id.
        """
        if self.source is None:
            return [event] if self.take is None else self.take(event)
        records: list[Record] = (self.take or _records)(event)
        for number, record in enumerate(records, 1):
            if self.take is None and _source(record) != self.source:
                raise MalformedEvent(
                    f"record {number} of the '{self.name}' event is not from {self.source}"
                )
            if not isinstance(record, dict):
                raise MalformedEvent(f"record {number} of the '{self.name}' event is not an object")
            if self.identify and self.identify(record) is None:
                raise MalformedEvent(
                    f"record {number} of the '{self.name}' event has no id",
                    cause="without an id the answer cannot say that the record failed",
                )
        return records


def find_kinds(event: object) -> tuple[EventKind, ...]:
    """Return the kinds of an event, the most specific first; the first with a handler gets it.

    The last of them is `ANY`.

    Args:
        event: The event, as parsed JSON.
    """
    return (*_known_kinds(event), ANY)


def unknown(event: object) -> UnknownEvent:
    """Return the error for an event of an unknown kind."""
    return UnknownEvent(
        "this event is neither an HTTP request nor of a kind that can be handled",
        cause=f"it is {_outline(event)}",
        hint='register a handler for "*", which gets every event that no other handler takes; '
        f"the kinds are {', '.join(KINDS)}",
    )


def _known_kinds(event: object) -> tuple[EventKind, ...]:
    if isinstance(event, list):
        return _kinds_of_list(event)
    if not isinstance(event, dict):
        return ()
    records = event.get("Records")
    if isinstance(records, list) and records:
        kind = _of_records(records)
        return (kind,) if kind else ()
    if _is_name(event.get("detail-type")) and _is_name(event.get("source")):
        return (_SCHEDULE, _EVENTBRIDGE) if _is_schedule(event) else (_EVENTBRIDGE,)
    source = event.get("eventSource")
    if isinstance(source, str) and source in _BY_SOURCE and _BY_SOURCE[source].take:
        return (_BY_SOURCE[source],)
    return tuple(kind for kind, matches in _BY_SHAPE if matches(event))[:1]


def _kinds_of_list(event: list[Any]) -> tuple[EventKind, ...]:
    """Return the kinds of a list: EventBridge Pipes', or AppSync's of resolvers in batches."""
    if not event or not isinstance(event[0], dict):
        return ()
    if _is_resolver(event[0]):
        return (_APPSYNC,)
    kind = _of_records(event)
    return (_PIPES, kind) if kind else (_PIPES,)


def _of_records(records: list[Any]) -> EventKind | None:
    source = _source(records[0])
    return _BY_SOURCE.get(source) if isinstance(source, str) else None


def _is_schedule(event: Record) -> bool:
    # A scheduled rule, or EventBridge Scheduler. Only AWS can send a source that begins with aws.
    sources = ("aws.events", "aws.scheduler")
    return event["detail-type"] == "Scheduled Event" and event["source"] in sources


def _message_group(record: Record) -> str | None:
    # Messages of a standard queue can have a group too, for fairness; it does not mean order.
    queue = record.get("eventSourceARN")
    if not isinstance(queue, str) or not queue.endswith(".fifo"):
        return None
    return str(_object(record, "attributes").get("MessageGroupId"))


def _shard(_record: Record) -> str:
    # A batch comes from one shard.
    return "shard"


def _partition(record: Record) -> str:
    return f"{record.get('topic')}-{record.get('partition')}"


def _offset(record: Record) -> object:
    """Return a Kafka record's id, as in "Configuring error handling controls for Kafka"."""
    topic, offset = record.get("topic"), record.get("offset")
    if not _is_name(topic) or not isinstance(offset, int):
        return None
    return {"partition": _partition(record), "offset": offset}


def _sequence_number(record: Record) -> object:
    # EventBridge Pipes puts the fields of a stream's record at the top level.
    inner = _object(record, "kinesis").get("sequenceNumber")
    return _name(inner if inner is not None else record.get("sequenceNumber"))


def _of_lists(field: str) -> Callable[[Any], list[Record]]:
    """Return a function that takes the records out of an object of lists."""

    def take(event: Any) -> list[Record]:
        if isinstance(event, list):
            return event
        lists = event.get(field)
        if isinstance(lists, list):
            lists = {"": lists}
        if not isinstance(lists, dict) or not all(
            isinstance(each, list) for each in lists.values()
        ):
            raise MalformedEvent(f"the event's '{field}' is not an object of lists")
        return [record for each in lists.values() for record in each]

    return take


def _messages(event: Any) -> list[Record]:
    if isinstance(event, dict) and event.get("eventSource") == "aws:mq":
        return _of_lists("messages")(event)
    return _of_lists("rmqMessagesByQueue")(event)


def _log_data(event: Record) -> list[Record]:
    """Return the log data that CloudWatch Logs packed into the event."""
    import gzip  # imported here, to keep it out of cold starts
    import json
    from base64 import b64decode

    try:
        text = gzip.decompress(b64decode(event["awslogs"]["data"], validate=True))
        return [json.loads(text)]
    except (KeyError, TypeError, ValueError, OSError, EOFError) as error:
        raise MalformedEvent(
            "the event's awslogs.data cannot be unpacked", cause=f"{type(error).__name__}: {error}"
        ) from None


def _first_record(event: Any) -> list[Record]:
    return _records(event)[:1]


def _has(*names: str) -> Callable[[Record], bool]:
    return lambda event: all(name in event for name in names)


def _is_resolver(event: Record) -> bool:
    info = event.get("info")
    return isinstance(info, dict) and "fieldName" in info and "arguments" in event


def _is_question(event: Record) -> bool:
    """Return whether an event asks a Lambda authorizer of API Gateway or AppSync."""
    if event.get("type") in ("TOKEN", "REQUEST"):
        return "methodArn" in event or "routeArn" in event
    return "authorizationToken" in event and "requestContext" in event


def _is_socket(event: Record) -> bool:
    context = _object(event, "requestContext")
    return _is_name(context.get("connectionId")) and "eventType" in context


def _is_log(event: Record) -> bool:
    return "data" in _object(event, "awslogs")


def _same_event(event: object, returned: object) -> object:
    # Cognito expects its event back, with the handler's result in its `response`.
    return event if returned is None else returned


def _source(record: object) -> object:
    if not isinstance(record, dict):
        return None
    # Only SNS capitalises its field names.
    return record.get("eventSource") or record.get("EventSource")


def _object(record: Record, name: str) -> Mapping[str, object]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _name(value: object) -> object:
    return value if _is_name(value) else None


def _outline(event: object) -> str:
    """Describe an event by its keys: its values may be private."""
    if not isinstance(event, dict):
        return f"not a JSON object but of type {type(event).__name__}"
    keys = ", ".join(sorted(str(key)[:40] for key in event)[:12])
    outline = f"an object with the keys {keys}" if keys else "an empty object"
    records = event.get("Records")
    source = _source(records[0] if isinstance(records, list) and records else event)
    return f"{outline}, from the eventSource {source[:60]}" if isinstance(source, str) else outline


ANY = EventKind("*", reply=_returned)
"""Any event that no other handler takes. Its handler's result is the function's result."""

_EVENTBRIDGE = EventKind("eventbridge")
_SCHEDULE = EventKind("schedule")
_APPSYNC = EventKind("appsync", reply=_returned)
_PIPES = EventKind("pipes", reply=_returned)

_KINDS = (
    EventKind(
        "sqs",
        "aws:sqs",
        identify=lambda record: _name(record.get("messageId")),
        lane=_message_group,
    ),
    EventKind("sns", "aws:sns"),
    _EVENTBRIDGE,
    _SCHEDULE,
    EventKind("s3", "aws:s3"),
    EventKind(
        "dynamodb",
        "aws:dynamodb",
        identify=lambda record: _name(_object(record, "dynamodb").get("SequenceNumber")),
        lane=_shard,
        checkpoint=True,
    ),
    EventKind("kinesis", "aws:kinesis", identify=_sequence_number, lane=_shard, checkpoint=True),
    EventKind("kafka", "aws:kafka", identify=_offset, lane=_partition, take=_of_lists("records")),
    EventKind("mq", "aws:mq", take=_messages),
    EventKind("logs", take=_log_data),
    _PIPES,
    EventKind("ses", "aws:ses", reply=_returned, take=_first_record),
    EventKind("websocket", reply=_returned),
    EventKind("authorizer", reply=_returned),
    EventKind("cognito", reply=_same_event),
    _APPSYNC,
    EventKind("custom-resource", reply=_returned),
    EventKind("firehose", reply=_returned),
    EventKind("lex", reply=_returned),
    EventKind("s3-object-lambda", reply=_returned),
    EventKind("codepipeline", reply=_returned),
)

KINDS: Mapping[str, EventKind] = {kind.name: kind for kind in _KINDS}
"""Every kind with a format of its own, by its name."""

_BY_SOURCE: Mapping[str, EventKind] = {
    **{kind.source: kind for kind in _KINDS if kind.source},
    "SelfManagedKafka": KINDS["kafka"],
    "aws:rmq": KINDS["mq"],
    "aws:amq": KINDS["mq"],
}

_BY_SHAPE: tuple[tuple[EventKind, Callable[[Record], bool]], ...] = (
    (KINDS["websocket"], _is_socket),
    (KINDS["logs"], _is_log),
    (KINDS["authorizer"], _is_question),
    (KINDS["cognito"], _has("triggerSource", "userPoolId", "request", "response")),
    (_APPSYNC, _is_resolver),
    (KINDS["custom-resource"], _has("RequestType", "StackId", "LogicalResourceId")),
    (KINDS["firehose"], _has("invocationId", "deliveryStreamArn", "records")),
    (KINDS["lex"], lambda event: "bot" in event and "invocationSource" in event),
    (KINDS["s3-object-lambda"], _has("getObjectContext", "userRequest")),
    (KINDS["codepipeline"], _has("CodePipeline.job")),
)
