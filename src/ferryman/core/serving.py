"""The numbers that a server and whatever stands in front of it must agree on.

The server target runs by them and the k8s target writes them into manifests; they
stand here once so that the two cannot drift apart. All times are in seconds.
"""

from __future__ import annotations

__all__ = (
    "GRACEFUL_TIMEOUT",
    "KEEP_ALIVE",
    "LOAD_BALANCER_IDLE_TIMEOUT",
    "PORT",
    "PRE_STOP_DELAY",
    "TERMINATION_GRACE",
    "USER_ID",
)

PORT = 8000
"""The TCP port the app listens on."""

LOAD_BALANCER_IDLE_TIMEOUT = 60
"""How long a load balancer keeps an idle connection: the default of AWS's ALB."""

KEEP_ALIVE = 75
"""How long the server keeps an idle connection.

It must outlast the load balancer's: whoever closes first while the other sends causes
a 502, and only the load balancer knows how to avoid that.
"""

GRACEFUL_TIMEOUT = 30
"""How long requests in flight may take once the server is told to stop."""

PRE_STOP_DELAY = 5
"""How long Kubernetes waits before it tells the server to stop.

In that time the endpoint is taken out of every proxy's table.
"""

TERMINATION_GRACE = PRE_STOP_DELAY + GRACEFUL_TIMEOUT + 5
"""How long Kubernetes waits before it kills: the delay, the requests, and a margin."""

USER_ID = 65532
"""The user a container runs as: of no name and no rights. Distroless images use it too."""
