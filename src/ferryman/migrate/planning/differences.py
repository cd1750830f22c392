"""Finds the differences between two sides: their targets' capabilities, and their settings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ferryman.migrate.planning.facts import Facts, Side
from ferryman.records.wording import size_text

__all__ = ("ALB_BODY", "Difference", "differences", "refused_bodies")

ALB_BODY = 1024 * 1024
"""Bytes of a body in either direction, for a Lambda function behind an Application Load Balancer.

Source: "Use Lambda functions as targets of an Application Load Balancer", limits."""

_OFFERED = (
    ("concurrency", "requests at once in a process"),
    ("streaming", "streams responses"),
    ("websockets", "WebSockets"),
    ("work_after_response", "tasks continue after the response"),
    ("request_limit", "largest request body"),
    ("response_limit", "largest response body"),
    ("time_limit", "time limit of a request"),
    ("writable", "writable directories"),
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between two sides.

    Attributes:
        name: The capability or setting.
        old: Its value on the old side.
        new: Its value on the new side.
    """

    name: str
    old: str
    new: str


def differences(old: Side, new: Side) -> tuple[Difference, ...]:
    """Return the differences; the values of variables are left out, as they may be secret."""
    return tuple(
        each
        for each in (*_offered(old, new), *_settings(old, new), *_variables(old, new))
        if each.old != each.new
    )


def refused_bodies(facts: Facts, shifter: str) -> Iterator[str]:
    """Yield why known requests cannot pass while both sides have traffic."""
    if shifter == "alb":
        yield from _behind_alb(facts)
    for side in (facts.old, facts.new):
        limits = (side.capabilities.request_limit, side.capabilities.response_limit)
        least = min((limit for limit in limits if limit is not None), default=None)
        size = facts.traffic.largest_body
        if side is facts.new and least is not None and size is not None and size > least:
            yield (
                f"{facts.traffic.largest_of} has a body of {size_text(size)}, and {side.name} "
                f"accepts at most {size_text(least)}"
            )


def _behind_alb(facts: Facts) -> Iterator[str]:
    for side in (facts.old, facts.new):
        if side.capabilities.target != "lambda":
            continue
        size = facts.traffic.largest_body
        if size is not None and size > ALB_BODY:
            yield (
                f"{facts.traffic.largest_of} has a body of {size_text(size)}, and a load balancer "
                f"passes at most {size_text(ALB_BODY)} to and from a function ({side.name})"
            )
        if side.streams:
            yield (
                f"{side.name} is set to stream (lambda.streaming), and a load balancer accepts no "
                "streams from a function"
            )
        for request in facts.traffic.streamed:
            yield (
                f"the response to {request} is a stream, and a load balancer accepts none from a "
                f"function ({side.name})"
            )


def _offered(old: Side, new: Side) -> Iterator[Difference]:
    for name, said in _OFFERED:
        values = [getattr(side.capabilities, name) for side in (old, new)]
        yield Difference(said, *(_value(name, value) for value in values))


def _settings(old: Side, new: Side) -> Iterator[Difference]:
    for name in sorted(old.settings.keys() | new.settings.keys()):
        values = [str(side.settings.get(name, "not set")) for side in (old, new)]
        yield Difference(f"setting {name}", *values)


def _variables(old: Side, new: Side) -> Iterator[Difference]:
    names = (old.environment or {}).keys() | (new.environment or {}).keys()
    for name in sorted(names):
        shown = [_state(side, name) for side in (old, new)]
        if shown == ["set", "set"] and _of(old, name) != _of(new, name):
            shown[1] = "set to another value"
        yield Difference(f"variable {name}", *shown)


def _of(side: Side, name: str) -> str | None:
    return (side.environment or {}).get(name)


def _state(side: Side, name: str) -> str:
    if side.environment is None:
        return "unknown"
    return "not set" if _of(side, name) is None else "set"


def _value(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "anywhere" if name == "writable" else "no limit"
    if name.endswith("_limit") and name != "time_limit":
        assert isinstance(value, int)
        return size_text(value)
    return f"{value:g} s" if name == "time_limit" else str(value)
