import asyncio
import socket

from aiohttp import web


def ask():
    with socket.socket() as connection:
        return connection.connect_ex(("127.0.0.1", 9))


async def show(request):
    return web.json_response(await asyncio.to_thread(ask))


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
