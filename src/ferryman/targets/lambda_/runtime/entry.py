"""The module that a function's handler setting names; importing it starts the app.

The handler is `ferryman.targets.lambda_.runtime.entry.handler`.
"""

from __future__ import annotations

from ferryman.core.errors import FerrymanError
from ferryman.targets.lambda_.runtime.handler import lambda_handler

__all__ = ("handler",)

try:
    handler = lambda_handler()
except FerrymanError as error:
    from awslambdaric.lambda_runtime_exception import FaultException

    # The app's own frames are in what it says. Of any other error AWS's client would show
    # the frames of the runtime as well.
    raise FaultException(type(error).__name__, str(error)) from error
