"""The event that `ferryman invoke` sends: from a file, standard input or a sample."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError

__all__ = ("FIXTURES", "read_event")

FIXTURES = {path.stem: path for path in sorted((Path(__file__).parent / "fixtures").glob("*.json"))}
"""Sample events of every kind, as AWS sends them, by name."""


NO_REQUEST = ("GET", "/", "")
"""Method, path and body if none is given."""


def read_event(file: Path | None, fixture: str | None, request: tuple[str, str, str]) -> Any:
    """Return the event that a command's options name.

    Args:
        file: A file of JSON; `-` is standard input.
        fixture: The name of a sample, or of an event source that makes an event from a request.
        request: Method, path with query, and body of that request.

    Raises:
        ConfigError: No event is given, or two are, or the event is not JSON.
    """
    if (file is None) == (fixture is None):
        raise ConfigError(
            "no event is given" if file is None else "two events are given",
            hint="name a file, or - for standard input, or a --fixture: an event source such as "
            f"http-api, or one of {', '.join(FIXTURES)}",
        )
    if fixture is not None and fixture not in FIXTURES:
        return _http_event(fixture, *request)
    if request != NO_REQUEST:
        raise ConfigError(
            "--method, --path and --data have no effect on an event that is complete",
            hint="give an event source as --fixture, such as http-api, or leave them out",
        )
    path = FIXTURES[fixture] if fixture else file
    assert path is not None
    name = "standard input" if str(path) == "-" else str(path)
    try:
        return json.loads(sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes())
    except OSError as error:
        request_hint = f"an HTTP request is sent by `--fixture http-api --path {name}`"
        hint = request_hint if name.startswith("/") else None
        raise ConfigError(f"{name} cannot be read", cause=error.strerror, hint=hint) from None
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{name} is not JSON", cause=str(error)) from None


def _http_event(source: str, method: str, target: str, data: str) -> dict[str, Any]:
    """Return the event that an event source makes from a request.

    Raises:
        ConfigError: There is no fixture of that name, or the source refuses the request.
    """
    from ferryman.local.gateway.all_gateways import GATEWAYS
    from ferryman.local.gateway.protocol import Refused
    from ferryman.targets.lambda_.runtime.messages import HttpRequest

    if source not in GATEWAYS:
        raise ConfigError(
            f"invalid value for '--fixture': there is no '{source}'",
            hint=f"the fixtures are {', '.join([*FIXTURES, *GATEWAYS])}",
        )
    headers = (("host", "localhost"), ("user-agent", "ferryman"))
    request = HttpRequest(method, target, headers, data.encode(), "https", "127.0.0.1")
    try:
        return GATEWAYS[source].encode_request(request)
    except Refused as refused:
        raise ConfigError(f"{source} refuses {method} {target}", cause=str(refused)) from None
