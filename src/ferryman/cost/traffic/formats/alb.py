"""Access logs of an Application Load Balancer.

Spaces separate the fields; the fields before the quoted request contain no spaces. A response of
the balancer itself, such as a redirect to HTTPS, a fixed response or a firewall's refusal, does
not reach the application, so its line is not a request here. Source:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

from __future__ import annotations

import re
from functools import partial

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.lines import split_lines
from ferryman.cost.traffic.record import Record, timed_record
from ferryman.cost.traffic.remembered import Remembered

__all__ = ("ALB",)

_LINE = re.compile(rb"(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z \S+ \S+ \S+ (?:-1|[\d.]+) ")
_ACTIONS = re.compile(rb' \S+ \d{4}-\d\d-\d\dT\S+ "([^"]*)"')


def _reader(*_: object) -> Parse:
    clock, seconds, failed = iso_clock(), Remembered(float), Remembered(_failed)

    def parse(line: bytes) -> Record | None:
        (_, time, _, _, to, wait, target, answer, status, _, size_in, size_out, quoted) = (
            line.split(b" ", 12)
        )
        if quoted[:1] != b'"':
            raise ValueError("the 13th field is not a request in quotes")
        if to == b"-" and _answered_by_itself(quoted):
            return None
        # -1 is the time of a phase that did not happen: the target refused or closed.
        refused = wait == b"-1" or target == b"-1" or answer == b"-1"
        wall_ms = None if refused else (seconds[wait] + seconds[target] + seconds[answer]) * 1000
        bytes_out = None if size_out == b"-" else int(size_out)
        bytes_in = None if size_in == b"-" else int(size_in)
        return timed_record(clock(time), wall_ms, failed[status], bytes_out, bytes_in)

    return parse


def _failed(status: bytes) -> bool | None:
    return None if status == b"-" else status[:1] == b"5"


def _answered_by_itself(tail: bytes) -> bool:
    """Return whether no action forwarded the request. A Lambda target is a dash as well."""
    actions = _ACTIONS.search(tail)
    return actions is not None and b"forward" not in actions[1]


ALB = Format(
    "alb",
    "ALB access log",
    lambda line: _LINE.match(line) is not None,
    _reader,
    partial(split_lines, ends=True),
)
