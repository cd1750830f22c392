"""PostgreSQL, behind PgBouncer."""

import asyncpg
from aiohttp import web

POOL = web.AppKey("pool", asyncpg.Pool)


async def open_database(app):
    pool = asyncpg.create_pool(  # M601 M602
        host="pgbouncer", port=6432, user="bazaar", min_size=0, max_size=30
    )
    async with pool:
        app[POOL] = pool
        yield


async def create_tables(pool):
    async with pool.acquire() as connection:
        await connection.execute("CREATE TABLE IF NOT EXISTS stalls (name text)")
