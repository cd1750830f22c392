import asyncio

from aiohttp import web

LETTERS = frozenset({"welcome"})


async def send_letter(name):
    await asyncio.sleep(0.5)


async def sign_up(request):
    task = asyncio.create_task(send_letter("welcome"))  # M203
    task.set_name("letter")
    return web.Response(text="welcome")


def create_app():
    app = web.Application()
    app.router.add_get("/sign-up", sign_up)
    return app
