"""ferryman: one aiohttp application, run unchanged wherever it is cheapest.

These few names are public, with `ferryman.cost` and `ferryman.targets.protocols`; all other
modules are private. Each name is resolved on first use, so that `import ferryman` costs next to
nothing: it loads neither aiohttp nor anything of the build side.
"""

from __future__ import annotations

from importlib import import_module

# Type checkers read __init__.pyi; a test holds the two to each other.
_HOMES = {
    "AppSyncAuthorizerAnswer": "ferryman.core.answer_types:AppSyncAuthorizerAnswer",
    "AppSyncBatchItem": "ferryman.core.answer_types:AppSyncBatchItem",
    "AuthorizerAnswer": "ferryman.core.answer_types:AuthorizerAnswer",
    "AuthorizerPolicy": "ferryman.core.answer_types:AuthorizerPolicy",
    "BatchAnswer": "ferryman.core.answer_types:BatchAnswer",
    "Capabilities": "ferryman.core.capabilities:Capabilities",
    "CognitoAnswer": "ferryman.core.answer_types:CognitoAnswer",
    "Connection": "ferryman.core.websockets:Connection",
    "ConnectionGone": "ferryman.core.websockets:ConnectionGone",
    "CustomResourceAnswer": "ferryman.core.answer_types:CustomResourceAnswer",
    "FerrymanError": "ferryman.core.errors:FerrymanError",
    "FirehoseAnswer": "ferryman.core.answer_types:FirehoseAnswer",
    "Invocation": "ferryman.core.lambda_invocation:Invocation",
    "LexAnswer": "ferryman.core.answer_types:LexAnswer",
    "S3ObjectAnswer": "ferryman.core.answer_types:S3ObjectAnswer",
    "Trigger": "ferryman.core.triggers:Trigger",
    "WebSocket": "ferryman.core.websockets:WebSocket",
    "after_restore": "ferryman.core.snapshot:after_restore",
    "before_freeze": "ferryman.core.freezing:before_freeze",
    "before_snapshot": "ferryman.core.snapshot:before_snapshot",
    "capabilities": "ferryman.core.capabilities:current",
    "draining": "ferryman.core.draining:draining",
    "event": "ferryman.core.context:event",
    "health_checks": "ferryman.core.health:HEALTH_CHECKS",
    "invocation": "ferryman.core.lambda_invocation:invocation",
    "lambda_handler": "ferryman.targets.lambda_.runtime.handler:lambda_handler",
    "prefix": "ferryman.core.lambda_invocation:prefix",
    "remaining_time": "ferryman.core.context:remaining_time",
    "reopened": "ferryman.core.snapshot:reopened",
    "trigger_route": "ferryman.core.triggers:trigger_route",
    "triggers": "ferryman.core.triggers:TRIGGERS",
    "websocket_route": "ferryman.core.websocket_route:websocket_route",
}

__all__ = tuple(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, attribute = _HOMES[name].partition(":")
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
