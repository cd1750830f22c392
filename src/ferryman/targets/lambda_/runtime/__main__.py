"""Starts the runtime in place of AWS's own: the app, its life cycle, its streams.

A function whose `AWS_LAMBDA_EXEC_WRAPPER` is `/var/task/bootstrap` starts so; one that
only names the handler runs under AWS's own start, and does without streams and cleanup.
"""

from __future__ import annotations

import os
import sys

__all__ = ("main",)

_HANDLER = "ferryman.targets.lambda_.runtime.entry.handler"


def main() -> None:
    """Answer invocations until Lambda ends the environment."""
    from ferryman.targets.lambda_.runtime import extension

    api = os.environ["AWS_LAMBDA_RUNTIME_API"]
    handler = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("_HANDLER") or _HANDLER
    extension.register(api)
    # Managed Instances set it, and send so many invocations at once.
    concurrency = int(os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY") or 1)
    if concurrency > 1:
        from ferryman.targets.lambda_.runtime import managed_instances

        managed_instances.run(handler, api, concurrency)
    else:
        from ferryman.targets.lambda_.runtime import client

        client.run(handler, api)


if __name__ == "__main__":
    main()
