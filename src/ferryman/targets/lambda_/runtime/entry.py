"""The module that a function's handler setting names; importing it starts the app.

The handler is `ferryman.targets.lambda_.runtime.entry.handler`.
"""

from __future__ import annotations

from ferryman.targets.lambda_.runtime.handler import lambda_handler

__all__ = ("handler",)

handler = lambda_handler()
