import threading
import time

from aiohttp import web


def resize():
    time.sleep(1)


async def picture(request):
    threading.Thread(target=resize, daemon=True).start()  # M204
    return web.Response(text="soon")


def create_app():
    app = web.Application()
    app.router.add_get("/picture", picture)
    return app
