import signal

from aiohttp import web


async def start(app):
    signal.signal(signal.SIGTERM, lambda *_: None)  # M513


def create_app():
    app = web.Application()
    app.on_startup.append(start)
    return app
