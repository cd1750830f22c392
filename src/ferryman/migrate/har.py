"""Reads the requests of a HAR file, as browsers and proxies record them.

Source: "HTTP Archive (HAR) format", version 1.2.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from yarl import URL

from ferryman.core.errors import ConfigError
from ferryman.migrate.parity import ParityRequest

__all__ = ("read_har",)

# These describe the recorded connection, or are set again for each request.
_DROPPED = frozenset(
    {"connection", "content-length", "host", "keep-alive", "te", "transfer-encoding", "upgrade"}
)


def read_har(path: Path) -> tuple[ParityRequest, ...]:
    """Return the requests of a HAR file, with the recorded statuses.

    Raises:
        ConfigError: The file cannot be read, or is not a HAR file.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8-sig"))["log"]["entries"]
        return tuple(_request(number, entry) for number, entry in enumerate(entries, 1))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path} cannot be read as a HAR file", cause=f"{type(error).__name__}: {error}"
        ) from None


def _request(number: int, entry: dict[str, Any]) -> ParityRequest:
    request = entry["request"]
    method = str(request["method"])
    target = URL(str(request["url"]), encoded=True).raw_path_qs
    pairs = [(str(each["name"]), str(each["value"])) for each in request.get("headers", ())]
    kept = [pair for pair in pairs if pair[0].lower() not in _DROPPED and pair[0][:1] != ":"]
    return ParityRequest(
        name=f"{number} {method} {target}",
        method=method,
        target=target,
        headers=tuple(kept),
        body=_body(request.get("postData")),
        status=int(entry["response"]["status"]),
    )


def _body(data: dict[str, Any] | None) -> bytes | None:
    if not data or "text" not in data:
        return None
    text = str(data["text"])
    return base64.b64decode(text) if data.get("encoding") == "base64" else text.encode()
