"""Every format that can be read, and which of them a piece of a log is in."""

from __future__ import annotations

from collections.abc import Sequence

from ferryman.cost.traffic.formats.alb import ALB
from ferryman.cost.traffic.formats.cloudfront import CLOUDFRONT, CLOUDFRONT_JSON
from ferryman.cost.traffic.formats.combined import COMBINED
from ferryman.cost.traffic.formats.ferryman import OURS_JSON, OURS_TEXT
from ferryman.cost.traffic.formats.format import Format
from ferryman.cost.traffic.formats.lambda_ import LAMBDA, LAMBDA_EVENTS
from ferryman.cost.traffic.formats.timed import COUNTED, TIMED

__all__ = ("FORMATS", "NAMES", "find_format")

FORMATS = (
    LAMBDA_EVENTS,
    LAMBDA,
    ALB,
    CLOUDFRONT,
    CLOUDFRONT_JSON,
    OURS_JSON,
    OURS_TEXT,
    COMBINED,
    COUNTED,
    TIMED,
)
"""Those that could be taken for another stand before it: a Lambda log may hold access logs."""

NAMES = tuple(dict.fromkeys(format.name for format in FORMATS))


def find_format(lines: Sequence[bytes], only: str | None = None) -> Format | None:
    """Return the format of a log, or None if it is in none.

    Args:
        lines: Its first lines.
        only: The name of the one format that is asked for.
    """
    for format in FORMATS:
        if only in (None, format.name) and any(map(format.detect, lines)):
            return format
    return None
