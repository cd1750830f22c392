import asyncio

from aiohttp import web


async def ticks(request):
    answer = web.StreamResponse()  # M102
    await answer.prepare(request)
    while True:
        await answer.write(b"tick\n")
        await asyncio.sleep(1)


def create_app():
    app = web.Application()
    app.router.add_get("/ticks", ticks)
    return app
