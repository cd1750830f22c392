"""Removes what container runtimes and terminals put around a line of a log.

Every line of a file has the same wrapping, so a sample of lines is enough to find it. Sources: the
json-file driver of Docker; the CRI logging format of Kubernetes; `kubectl logs --prefix`;
`docker compose logs`; ANSI escape codes of `aws logs tail`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence

__all__ = ("Unwrap", "find_wrapper")

Unwrap = Callable[[bytes], bytes]
"""Removes the wrapping from a line. Raises ValueError or LookupError for another line."""

_COLOUR = re.compile(rb"\x1b\[[\d;]*m")
_CRI = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\S* std(?:out|err) [FP] ")
_KUBECTL = re.compile(rb"\[pod/[^\]\s]+\] ")
_COMPOSE = re.compile(rb"[\w.-]+ +\| ")
_DOCKER = re.compile(rb'\s*\{"log": ?"')


def _docker(line: bytes) -> bytes:
    text: str = json.loads(line)["log"]
    return text.rstrip("\r\n").encode()


def _without(prefix: re.Pattern[bytes]) -> Unwrap:
    def unwrap(line: bytes) -> bytes:
        match = prefix.match(line)
        return line[match.end() :] if match else line

    return unwrap


_WRAPPERS: tuple[tuple[re.Pattern[bytes], Unwrap], ...] = (
    (_DOCKER, _docker),
    (_CRI, _without(_CRI)),
    (_KUBECTL, _without(_KUBECTL)),
    (_COMPOSE, _without(_COMPOSE)),
    (_COLOUR, lambda line: _COLOUR.sub(b"", line)),
)


def find_wrapper(sample: Sequence[bytes]) -> Unwrap | None:
    """Return the function that unwraps each line; ``None`` if the lines have no wrapping."""
    lines = [line for line in sample if line.strip()]
    for mark, unwrap in _WRAPPERS:
        if lines and all(mark.match(line) for line in lines):
            return unwrap
    return None
