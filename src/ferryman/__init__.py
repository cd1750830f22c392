"""ferryman: one aiohttp application, run unchanged wherever it is cheapest.

The few public names are resolved on first use, so that `import ferryman` costs
next to nothing: it loads neither aiohttp nor anything of the build side.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferryman.core.capabilities import Capabilities
    from ferryman.core.capabilities import current as capabilities
    from ferryman.core.context import event, remaining_time
    from ferryman.core.errors import FerrymanError
    from ferryman.core.health import HEALTH_CHECKS as health_checks
    from ferryman.core.snapshot import after_restore, before_snapshot, reopened
    from ferryman.core.triggers import TRIGGERS as triggers
    from ferryman.core.triggers import Trigger, trigger_route
    from ferryman.targets.lambda_.runtime.handler import lambda_handler

__all__ = (
    "Capabilities",
    "FerrymanError",
    "Trigger",
    "after_restore",
    "before_snapshot",
    "capabilities",
    "event",
    "health_checks",
    "lambda_handler",
    "remaining_time",
    "reopened",
    "trigger_route",
    "triggers",
)

_HOMES = {
    "Capabilities": ("ferryman.core.capabilities", "Capabilities"),
    "FerrymanError": ("ferryman.core.errors", "FerrymanError"),
    "Trigger": ("ferryman.core.triggers", "Trigger"),
    "after_restore": ("ferryman.core.snapshot", "after_restore"),
    "before_snapshot": ("ferryman.core.snapshot", "before_snapshot"),
    "capabilities": ("ferryman.core.capabilities", "current"),
    "event": ("ferryman.core.context", "event"),
    "health_checks": ("ferryman.core.health", "HEALTH_CHECKS"),
    "lambda_handler": ("ferryman.targets.lambda_.runtime.handler", "lambda_handler"),
    "remaining_time": ("ferryman.core.context", "remaining_time"),
    "reopened": ("ferryman.core.snapshot", "reopened"),
    "trigger_route": ("ferryman.core.triggers", "trigger_route"),
    "triggers": ("ferryman.core.triggers", "TRIGGERS"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
