"""Registers this process as an internal extension, so that Lambda sends SIGTERM before the end.

Lambda sends SIGTERM before it ends an environment only if an extension is registered. An internal
extension without events is enough. Source: "Lambda Extensions API", in the AWS Lambda developer
guide.
"""

from __future__ import annotations

import logging
import socket
import threading

from ferryman.targets.lambda_.runtime.runtime_connection import encode_request

__all__ = ("register",)

_NAME = "ferryman"
_BASE = "/2020-01-01/extension"
_IDENTIFIER = "lambda-extension-identifier"

_log = logging.getLogger(__name__)


def register(api: str) -> bool:
    """Register, and wait on a separate thread for events that never come.

    Call it in the init phase, before the request for the first invocation.

    Args:
        api: Host and port of the Runtime API.

    Returns:
        Whether the registration succeeded. If not, the app has no cleanup at the end.
    """
    headers = {"Lambda-Extension-Name": _NAME, "Content-Type": "application/json"}
    request = encode_request(api, "POST", f"{_BASE}/register", headers, b'{"events": []}')
    try:
        status, response = _ask(api, request, timeout=5)
    except (OSError, ValueError) as error:
        _log.info("no extension was registered: %s", error)
        return False
    identifier = response.get(_IDENTIFIER)
    if status != 200 or not identifier:
        _log.info("no extension was registered: the Runtime API answered %d", status)
        return False
    threading.Thread(target=_wait, args=(api, identifier), daemon=True, name=_NAME).start()
    return True


def _wait(api: str, identifier: str) -> None:
    request = encode_request(api, "GET", f"{_BASE}/event/next", {_IDENTIFIER: identifier})
    try:
        _ask(api, request, timeout=None)
    except (OSError, ValueError):
        return  # the environment ends


def _ask(api: str, request: bytes, timeout: float | None) -> tuple[int, dict[str, str]]:
    """Send a request, and return the status and the headers of the response.

    The import of `http.client` would take a tenth of a cold start.

    Raises:
        OSError, ValueError: The API is not reachable, or the response is not HTTP.
    """
    host, _, port = api.rpartition(":")
    # As bytes, because a text would import the codec of international names.
    address = (host.encode(), int(port))
    headers: dict[str, str] = {}
    with (
        socket.create_connection(address, timeout) as connection,  # type: ignore[arg-type]
        connection.makefile("rb") as answer,
    ):
        connection.sendall(request)
        status = int(answer.readline().partition(b" ")[2][:3])
        while line := answer.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
    return status, headers
