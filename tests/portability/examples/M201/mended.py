from aiohttp import web

import ferryman


async def refresh(app, record):
    return None


def create_app():
    app = web.Application()
    app[ferryman.triggers] = {"schedule": refresh}
    return app
