"""Answers the events that Lambda brings and that are no HTTP requests.

What the kinds are and how records are handled is core's; here is what only Lambda has:
warm-up pings, and a time limit. Loaded with the first such event, and not before.
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

    A warm-up ping is answered without the app. Where the task is cancelled, which is what
    happens at the time limit, the records that were not handled are failed ones.

    Args:
        app: The application, started.
        event: What Lambda brought.

    Raises:
        UnknownEvent: It is of no known kind, or the application has no handler for it.
        MalformedEvent: A part of it is missing, or not what it should be.
        TriggerFailed, TriggerCutOff: It was not handled, or not in time, and the result
            has no room for which record.
        TriggersWrong: What the application registered for it cannot be used.
        Exception: What a handler raised whose answer the sender waits for.
    """
    if is_warm_up(event):
        return dict(WARM)
    delivery = open_delivery(app, event)
    try:
        await delivery.run()
    except asyncio.CancelledError:
        return delivery.cut_off()
    return delivery.result()
