import aiosqlite
from aiohttp import web

DB = web.AppKey("db", aiosqlite.Connection)


async def database(app):
    app[DB] = await aiosqlite.connect(":memory:")
    await app[DB].execute("CREATE TABLE choice (id INTEGER PRIMARY KEY, text TEXT, votes INTEGER)")
    rows = [(text, 0) for text in app["config"]["choices"]]
    await app[DB].executemany("INSERT INTO choice (text, votes) VALUES (?, ?)", rows)
    yield
    await app[DB].close()
