import os

import asyncpg
from aiohttp import web

import ferryman

POOL = web.AppKey("pool", asyncpg.Pool)


async def open_pool(app):
    address = os.environ.get("DATABASE_URL", "postgresql://database/shop")
    size = ferryman.capabilities().concurrency or 5
    async with asyncpg.create_pool(address, min_size=0, max_size=size) as pool:
        app[POOL] = pool
        yield


def create_app():
    app = web.Application()
    app.cleanup_ctx.append(open_pool)
    return app
