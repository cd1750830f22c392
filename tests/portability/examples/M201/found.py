import asyncio

from aiohttp import web


async def refresh(app):
    while True:
        await asyncio.sleep(60)


async def start(app):
    task = asyncio.create_task(refresh(app))  # M201
    yield
    task.cancel()


def create_app():
    app = web.Application()
    app.cleanup_ctx.append(start)
    return app
