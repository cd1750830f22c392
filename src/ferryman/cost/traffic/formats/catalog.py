"""All log formats, and how to find the format of a log."""

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
"""The first match applies, so the order matters: a Lambda log may contain access logs."""

NAMES = tuple(dict.fromkeys(format.name for format in FORMATS))


def find_format(lines: Sequence[bytes], only: str | None = None) -> Format | None:
    """Return the format of a log, or None if no format matches.

    Args:
        lines: The first lines of the log. The share that the format requires must match; the
            first line may be a heading.
        only: The name of the only format to try; one matching line is then enough.
    """
    for format in FORMATS:
        if only is not None and only != format.name:
            continue
        fitting, others = fitting_lines(format, lines)
        if fitting and (only or fitting >= format.needs * (fitting + others)):
            return format
    return None


def fitting_lines(format: Format, lines: Sequence[bytes]) -> tuple[int, int]:
    """Return how many lines are of a format, and how many are not.

    Empty lines count as neither, and so does a first line that does not match: it may be a
    heading.
    """
    matches = [format.detect(line) for line in lines if line.strip()]
    fitting = sum(matches)
    others = len(matches) - fitting
    return fitting, others - (not matches[0] and len(matches) > 1) if matches else 0
