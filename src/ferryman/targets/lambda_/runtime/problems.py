"""The answers that are ours, where the app cannot give one: problem details (RFC 9457)."""

from __future__ import annotations

import json

from ferryman.targets.lambda_.runtime.messages import HttpResponse

__all__ = ("problem",)


def problem(status: int, title: str, detail: str) -> HttpResponse:
    """Return a response that says what went wrong, in a form that programs can read."""
    said = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return HttpResponse(
        status=status,
        headers=(("content-type", "application/problem+json"),),
        body=json.dumps(said).encode(),
    )
