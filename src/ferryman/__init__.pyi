from ferryman.core.answer_types import (
    AppSyncAuthorizerAnswer,
    AppSyncBatchItem,
    AuthorizerAnswer,
    AuthorizerPolicy,
    BatchAnswer,
    CognitoAnswer,
    CustomResourceAnswer,
    FirehoseAnswer,
    LexAnswer,
    S3ObjectAnswer,
)
from ferryman.core.capabilities import Capabilities
from ferryman.core.capabilities import current as capabilities
from ferryman.core.context import event, remaining_time
from ferryman.core.draining import draining
from ferryman.core.errors import FerrymanError
from ferryman.core.freezing import before_freeze
from ferryman.core.health import HEALTH_CHECKS as health_checks
from ferryman.core.lambda_invocation import Invocation, invocation, prefix
from ferryman.core.snapshot import after_restore, before_snapshot, reopened
from ferryman.core.triggers import TRIGGERS as triggers
from ferryman.core.triggers import Trigger, trigger_route
from ferryman.core.websocket_route import websocket_route
from ferryman.core.websockets import Connection, ConnectionGone, WebSocket
from ferryman.targets.lambda_.runtime.handler import lambda_handler

__all__ = (
    "AppSyncAuthorizerAnswer",
    "AppSyncBatchItem",
    "AuthorizerAnswer",
    "AuthorizerPolicy",
    "BatchAnswer",
    "Capabilities",
    "CognitoAnswer",
    "Connection",
    "ConnectionGone",
    "CustomResourceAnswer",
    "FerrymanError",
    "FirehoseAnswer",
    "Invocation",
    "LexAnswer",
    "S3ObjectAnswer",
    "Trigger",
    "WebSocket",
    "after_restore",
    "before_freeze",
    "before_snapshot",
    "capabilities",
    "draining",
    "event",
    "health_checks",
    "invocation",
    "lambda_handler",
    "prefix",
    "remaining_time",
    "reopened",
    "trigger_route",
    "triggers",
    "websocket_route",
)
