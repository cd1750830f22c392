import asyncio
import hashlib

from aiohttp import web


async def digest(request):
    found = await asyncio.to_thread(hashlib.sha256, b"long")
    return web.Response(text=found.hexdigest())


def create_app():
    app = web.Application()
    app.router.add_get("/digest", digest)
    return app
