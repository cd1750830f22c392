"""Starts ferryman's runtime in place of AWS's.

A function whose `AWS_LAMBDA_EXEC_WRAPPER` is `/var/task/ferryman/bootstrap` starts here. AWS's own
runtime starts a function that only names its handler, which then has no streaming and no cleanup.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from functools import partial

__all__ = ("main",)

_HANDLER = "ferryman.targets.lambda_.runtime.entry.handler"


def main() -> None:
    """Answer invocations until Lambda ends the environment."""
    api = os.environ["AWS_LAMBDA_RUNTIME_API"]
    handler = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("_HANDLER") or _HANDLER
    # Managed Instances set this variable, and send so many invocations at once.
    concurrency = int(os.environ.get("AWS_LAMBDA_MAX_CONCURRENCY") or 1)
    # Imports create many objects and no garbage, now and later.
    gc.disable()
    run: Callable[[str, str], None]
    from ferryman.targets.lambda_.runtime import extension

    extension.register(api)
    if concurrency > 1:
        from ferryman.targets.lambda_.runtime import managed_instances

        run = partial(managed_instances.run, count=concurrency)
    else:
        from ferryman.targets.lambda_.runtime import client

        run = client.run
    gc.freeze()
    gc.enable()
    run(handler, api)


if __name__ == "__main__":
    main()
