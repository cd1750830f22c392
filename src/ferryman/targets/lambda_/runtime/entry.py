"""The module in a function's handler setting. Its import starts the app.

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

    # The message contains the app's own frames. For any other exception, AWS's client would add the
    # runtime's frames.
    raise FaultException(type(error).__name__, str(error)) from error
