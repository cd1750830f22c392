"""The function that Lambda calls with every event."""

from __future__ import annotations

import os
from typing import Any

from ferryman.core.loader import AppReference, AppSource
from ferryman.core.settings import load_settings
from ferryman.targets.lambda_.runtime.environment import Environment, LambdaContext
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

__all__ = ("LambdaHandler", "lambda_handler", "made_handlers")

_made: list[LambdaHandler] = []


class LambdaHandler:
    """Answers invocations with the application, one at a time.

    Args:
        source: The application, its factory, or its reference.
        options: What the build decided.

    Raises:
        AppError: The application could not be loaded or failed to start.
    """

    def __init__(
        self,
        source: AppSource | AppReference | str,
        options: EnvironmentOptions | None = None,
    ) -> None:
        self.environment = Environment(source, options or EnvironmentOptions())
        self.finishes_tasks_later = False
        """Whether whoever calls lets tasks finish itself, once the response is posted."""
        _made.append(self)
        if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            from ferryman.targets.lambda_.runtime import snapshot

            snapshot.register(self.environment)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> Any:
        """Return the result of one invocation.

        Tasks that the request started finish first: once this returns, the environment may
        be frozen.

        Raises:
            UnknownEvent: The event is neither a request nor one that the app handles.
        """
        result = self.environment.answer(event, context)
        if self.environment.loop.has_work and not self.finishes_tasks_later:
            self.environment.finish_tasks()
        return result

    def close(self) -> None:
        """Stop the application. Nothing can be answered after it."""
        _made.remove(self)
        self.environment.stop()


def made_handlers() -> tuple[LambdaHandler, ...]:
    """Return the handlers of this process: one, unless a module makes several."""
    return tuple(_made)


def lambda_handler(source: AppSource | AppReference | str | None = None) -> LambdaHandler:
    """Return a handler for AWS Lambda that answers with an aiohttp application.

    Call it at a module's top level, so that the application starts in the init phase:
    `handler = lambda_handler("shop.app:create_app")`.

    Args:
        source: The application, its factory, or its reference `module:attribute`; by
            default the one that the build baked into the artifact.

    Raises:
        ConfigError: No source is given and there are no baked settings.
        AppError: The application could not be loaded or failed to start.
    """
    if source is not None:
        return LambdaHandler(source)
    settings = load_settings()
    return LambdaHandler(settings.app, EnvironmentOptions.from_settings(settings.options))
