"""Makes the function that Lambda calls with every event."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, TypeAlias

from ferryman.core.loader import AppReference, AppSource
from ferryman.core.settings import load_settings
from ferryman.targets.lambda_.runtime.execution_environment import Environment, LambdaContext
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ferryman.core.app_settings import Rotation

__all__ = ("HandlerFunction", "LambdaHandler", "lambda_handler", "made_handlers")

HandlerFunction: TypeAlias = Callable[[dict[str, Any], LambdaContext], Any]
"""The function that Lambda calls: it takes an event and its context, and returns the result."""

_made: list[LambdaHandler] = []


class LambdaHandler:
    """Answers invocations with the application, one at a time.

    Args:
        source: The application, its factory, or its reference.
        options: The options that the build wrote.

    Raises:
        AppError: The application could not be loaded or failed to start.
    """

    def __init__(
        self,
        source: AppSource | AppReference | str,
        options: EnvironmentOptions | None = None,
    ) -> None:
        self.environment = Environment(source, options or EnvironmentOptions())
        self.function: HandlerFunction | None = None
        """The function that `lambda_handler` returned for this object."""
        self.finishes_tasks_later = False
        """Whether the caller finishes the tasks itself, after it has posted the response."""
        self.rotation: Rotation | None = None
        """Reads the app's secrets again between two invocations."""
        _made.append(self)
        if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") == "snap-start":
            from ferryman.targets.lambda_.runtime import snapstart as snapshot

            snapshot.register(self.environment)

    def __call__(self, event: dict[str, Any], context: LambdaContext) -> Any:
        """Return the result of an invocation.

        First the tasks that the request started finish, because Lambda may freeze the environment
        after the return.

        Raises:
            UnknownEvent: The event is neither a request nor one that the app handles.
        """
        if self.rotation is not None:
            self.rotation.renew_if_due()
        result = self.environment.answer(event, context)
        if not self.finishes_tasks_later:
            self.environment.finish_tasks()
        return result

    def close(self) -> None:
        """Stop the application. The handler cannot be called again."""
        _made.remove(self)
        self.environment.stop()


def made_handlers() -> tuple[LambdaHandler, ...]:
    """Return the handlers of this process: one, unless a module makes several."""
    return tuple(_made)


def lambda_handler(source: AppSource | AppReference | str | None = None) -> HandlerFunction:
    """Return a function for AWS Lambda that answers with an aiohttp application.

    Call it at a module's top level, so that the application starts in the init phase:
    `handler = lambda_handler("shop.app:create_app")`. The result is a plain function, which
    decorators of other libraries accept.

    Args:
        source: The application, its factory, or its reference `module:attribute`; by default the
            reference in the artifact's settings.

    Raises:
        ConfigError: There is neither a source nor an artifact's settings, or a setting that the
            app needs is missing.
        AppError: The application could not be loaded or failed to start.
    """
    if source is not None:
        made = LambdaHandler(source)
    else:
        settings = load_settings()
        rotation = None
        if settings.settings:
            from ferryman.core.app_settings import provide_settings

            rotation = provide_settings(settings.settings)
        made = LambdaHandler(settings.app, EnvironmentOptions.from_settings(settings.options))
        made.rotation = rotation

    answer = made.__call__  # calling a method takes Python fewer steps than calling an object

    def handler(event: dict[str, Any], context: LambdaContext) -> Any:
        """Return the result of an invocation."""
        return answer(event, context)

    made.function = handler
    return handler
