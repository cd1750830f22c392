import asyncio

from aiohttp import web


async def send_letter(name):
    await asyncio.sleep(0)


async def sign_up(request):
    await send_letter("welcome")
    return web.Response(text="welcome")


def create_app():
    app = web.Application()
    app.router.add_get("/sign-up", sign_up)
    return app
