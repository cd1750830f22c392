"""A bot that is told of events by webhooks, and answers through an API."""

import asyncio
import hashlib
import hmac
import json
import logging
import os
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

log = logging.getLogger(__name__)

SECRET = os.environ.get("HOOKS_SECRET", "for development").encode()
API = web.AppKey("api", aiohttp.ClientSession)
LABELS = {"bug": "needs-triage", "docs": "good-first-issue"}

handlers = {}


def on(event):
    """Register a handler of an event, as the module is imported."""

    def register(function):
        handlers.setdefault(event, []).append(function)
        return function

    return register


@on("issues")
async def label(api, event):
    wanted = []
    for word, name in LABELS.items():
        if word in event.get("title", ""):
            wanted.append(name)
    return wanted


@on("ping")
async def pong(api, event):
    return ["pong"]


def is_signed(body, header):
    expected = "sha256=" + hmac.new(SECRET, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, header)


async def receive(request):
    body = await request.read()
    if not is_signed(body, request.headers.get("X-Hub-Signature-256", "")):
        raise web.HTTPForbidden
    event = json.loads(body)
    api = request.app[API]
    name = request.headers.get("X-GitHub-Event", "")
    async with asyncio.timeout(8):
        answers = await asyncio.gather(*(each(api, event) for each in handlers.get(name, ())))
    log.info("%s: %d handlers", name, len(answers))
    return web.json_response({"answers": answers})


async def health(request):
    return web.json_response({"status": "ok", "path": request.url.path})


async def open_api(app) -> AsyncIterator[None]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session:
        app[API] = session
        yield


def create_app():
    app = web.Application()
    app.cleanup_ctx.append(open_api)
    app.router.add_post("/", receive)
    app.router.add_get("/health", health)
    return app


if __name__ == "__main__":
    logging.basicConfig(filename="hooks.log")
    web.run_app(create_app(), port=int(os.environ.get("PORT", "8080")))
