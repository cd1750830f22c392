from aiohttp import web

import ferryman


async def look(app, record):
    return None


def create_app():
    app = web.Application()
    app[ferryman.triggers] = {"schedule": look}
    return app
