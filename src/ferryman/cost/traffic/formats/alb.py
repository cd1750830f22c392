"""Access logs of an Application Load Balancer.

Fields stand between blanks; those before the quoted request have none in them. Source:
https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-access-logs.html
"""

from __future__ import annotations

import re

from ferryman.cost.traffic.formats.format import Format, Parse
from ferryman.cost.traffic.moment import iso_clock
from ferryman.cost.traffic.record import Record

__all__ = ("ALB",)

_LINE = re.compile(rb"(?:https?|h2|grpcs|wss?) \d{4}-\d\d-\d\dT[\d:.]+Z \S+ \S+ \S+ (?:-1|[\d.]+) ")


def _reader() -> Parse:
    clock = iso_clock()

    def parse(line: bytes) -> Record | None:
        (_, time, _, _, _, wait, target, answer, status, _, size_in, size_out, quoted) = line.split(
            b" ", 12
        )
        if quoted[:1] != b'"':
            raise ValueError("the request should stand in quotes here")
        # -1 stands for a part that never came to be: the target refused or hung up.
        seconds = None if b"-1" in (wait, target, answer) else _total(wait, target, answer)
        failed = None if status == b"-" else status[:1] == b"5"
        return Record(clock(time), seconds, failed, _size(size_out), _size(size_in))

    return parse


def _total(wait: bytes, target: bytes, answer: bytes) -> float:
    return (float(wait) + float(target) + float(answer)) * 1000


def _size(text: bytes) -> int | None:
    return None if text == b"-" else int(text)


ALB = Format("alb", "ALB access log", lambda line: _LINE.match(line) is not None, _reader)
