import threading
import time

from aiohttp import web


def watch():
    while True:
        time.sleep(60)


async def start(app):
    threading.Thread(target=watch, daemon=True).start()  # M202


def create_app():
    app = web.Application()
    app.on_startup.append(start)
    return app
