"""The answers that are written piece by piece: an export, and events that end by themselves."""

import asyncio
import re

from aiohttp import hdrs, web

from postcards.settings import SETTINGS
from postcards.storage import STORAGE

routes = web.RouteTableDef()


# No HEAD here: aiohttp would send what a handler writes to a stream as a body, even then.
@routes.get("/export.ndjson", allow_head=False)
async def export_cards(request: web.Request) -> web.StreamResponse:
    """Write every card as a line of JSON."""
    response = web.StreamResponse()
    response.content_type = "application/x-ndjson"
    response.headers[hdrs.CONTENT_DISPOSITION] = 'attachment; filename="postcards.ndjson"'
    response.enable_compression()
    await response.prepare(request)
    async for card in request.app[STORAGE].cards():
        await response.write(card.model_dump_json().encode() + b"\n")
    await response.write_eof()
    return response


@routes.get("/events", allow_head=False)
async def tell_events(request: web.Request) -> web.StreamResponse:
    """Tell of every card, oldest first, as server-sent events, then say that it is done.

    A client that comes back names the last event it saw, and hears only what followed.
    """
    seen = request.headers.get("Last-Event-ID", "")
    last = int(seen) if re.fullmatch("[0-9]{1,9}", seen) else 0
    response = web.StreamResponse(headers={"Cache-Control": "no-store"})
    response.content_type = "text/event-stream"
    await response.prepare(request)
    async for card in request.app[STORAGE].cards():
        if card.number > last:
            event = f"event: card\nid: {card.number}\ndata: {card.model_dump_json()}\n\n"
            await response.write(event.encode())
            await asyncio.sleep(request.app[SETTINGS].event_pause)
    await response.write_eof(b"event: done\ndata:\n\n")
    return response
