import asyncpg
from aiohttp import web

POOL = web.AppKey("pool", asyncpg.Pool)
ADDRESS = "postgresql://pooler.example:6543/shop"


async def open_pool(app):
    async with asyncpg.create_pool(ADDRESS, min_size=0, statement_cache_size=0) as pool:
        app[POOL] = pool
        yield


def create_app():
    app = web.Application()
    app.cleanup_ctx.append(open_pool)
    return app
