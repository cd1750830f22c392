"""Registers this process as an extension of itself, so that Lambda says when it ends.

Lambda sends SIGTERM before it ends an environment only if an extension is registered. An
internal one that wants no events is enough. Source: "Lambda Extensions API", in the AWS
Lambda developer guide.
"""

from __future__ import annotations

import http.client
import json
import logging
import threading

__all__ = ("register",)

_NAME = "ferryman"
_BASE = "/2020-01-01/extension"

_log = logging.getLogger(__name__)


def register(api: str) -> bool:
    """Register, and wait for events that never come on a thread of its own.

    Must be called in the init phase, before the first invocation is asked for.

    Args:
        api: Host and port of the Runtime API.

    Returns:
        Whether it worked. Where it did not, the app is not cleaned up at the end.
    """
    connection = http.client.HTTPConnection(api, timeout=5)
    try:
        connection.request(
            "POST",
            f"{_BASE}/register",
            body=json.dumps({"events": []}),
            headers={"Lambda-Extension-Name": _NAME, "Content-Type": "application/json"},
        )
        answer = connection.getresponse()
        answer.read()
        identifier = answer.getheader("Lambda-Extension-Identifier")
    except (OSError, http.client.HTTPException) as error:
        _log.info("no extension was registered: %s", error)
        return False
    finally:
        connection.close()
    if answer.status != http.HTTPStatus.OK or not identifier:
        _log.info("no extension was registered: the Runtime API answered %d", answer.status)
        return False
    threading.Thread(target=_wait, args=(api, identifier), daemon=True, name=_NAME).start()
    return True


def _wait(api: str, identifier: str) -> None:
    connection = http.client.HTTPConnection(api)
    headers = {"Lambda-Extension-Identifier": identifier}
    try:
        connection.request("GET", f"{_BASE}/event/next", headers=headers)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        # The environment ends, and this with it.
        return
