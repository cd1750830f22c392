"""Handles events of Lambda that are not HTTP requests.

`core` knows the kinds of events and handles their records. This room adds what only Lambda has:
warm-up pings and a time limit. It loads with the first such event.
"""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from ferryman.core.triggers import open_delivery
from ferryman.targets.lambda_.runtime.triggers.warm_ups import WARM, is_warm_up

__all__ = ("answer_trigger",)


async def answer_trigger(app: web.Application, event: object) -> Any:
    """Return the result of an event that is not an HTTP request.

    A warm-up ping does not reach the app. If the task is cancelled at the time limit, the records
    that were not handled count as failed.

    Args:
        app: The started application.
        event: The event.

    Raises:
        UnknownEvent: The kind is unknown, or the application has no handler for it.
        MalformedEvent: A field is missing or malformed.
        TriggerFailed, TriggerCutOff: The handler failed or was too slow, and the result cannot name
            single records.
        TriggersWrong: A handler that the application registered cannot be used.
        Exception: Raised by a handler whose result the sender waits for.
    """
    if is_warm_up(event):
        return dict(WARM)
    delivery = open_delivery(app, event)
    try:
        await delivery.run()
    except asyncio.CancelledError:
        return delivery.cut_off()
    return delivery.result()
