"""Every format that can be read, and which of them a piece of a log is in."""

from __future__ import annotations

from collections.abc import Sequence

from ferryman.cost.traffic.formats.alb import ALB
from ferryman.cost.traffic.formats.cloudfront import CLOUDFRONT, CLOUDFRONT_JSON
from ferryman.cost.traffic.formats.combined import COMBINED
from ferryman.cost.traffic.formats.ferryman import OURS_JSON, OURS_TEXT
from ferryman.cost.traffic.formats.format import Format
from ferryman.cost.traffic.formats.iis import IIS
from ferryman.cost.traffic.formats.json_access import (
    API_GATEWAY_JSON,
    CADDY,
    NGINX_JSON,
    TRAEFIK_JSON,
)
from ferryman.cost.traffic.formats.lambda_ import (
    LAMBDA,
    LAMBDA_EVENTS,
    LAMBDA_PRETTY,
    LAMBDA_TABLE,
)
from ferryman.cost.traffic.formats.proxies import CLASSIC_ELB, ENVOY, HAPROXY, UVICORN
from ferryman.cost.traffic.formats.timed import COUNTED, TIMED, TIMED_UNDER_HEADING

__all__ = ("FORMATS", "NAMES", "find_format", "fitting_lines")

FORMATS = (
    *(LAMBDA_EVENTS, LAMBDA_TABLE, LAMBDA_PRETTY, LAMBDA),
    *(ALB, CLASSIC_ELB, CLOUDFRONT, CLOUDFRONT_JSON, IIS),
    *(OURS_JSON, OURS_TEXT),
    *(CADDY, TRAEFIK_JSON, API_GATEWAY_JSON, NGINX_JSON),
    *(ENVOY, HAPROXY, COMBINED, UVICORN),
    *(COUNTED, TIMED_UNDER_HEADING, TIMED),
)
"""Those that could be taken for another stand before it: a Lambda log may hold access logs."""

NAMES = tuple(dict.fromkeys(format.name for format in FORMATS))


def find_format(lines: Sequence[bytes], only: str | None = None) -> Format | None:
    """Return the format of a log, or None if it is in none.

    Args:
        lines: Its first lines. As many of them must fit as the format asks for; the first
            may be a heading.
        only: The name of the one format that is asked for; then one line that fits is enough.
    """
    for format in FORMATS:
        if only is not None and only != format.name:
            continue
        fitting, others = fitting_lines(format, lines)
        if fitting and (only or fitting >= format.needs * (fitting + others)):
            return format
    return None


def fitting_lines(format: Format, lines: Sequence[bytes]) -> tuple[int, int]:
    """Return how many lines are of a format, and how many are not; empty ones are neither."""
    told = [format.detect(line) for line in lines if line.strip()]
    fitting = sum(told)
    others = len(told) - fitting
    return fitting, others - (not told[0] and len(told) > 1) if told else 0
