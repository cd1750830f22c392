from aiohttp import web


async def stop(app):
    return None


def create_app():
    app = web.Application()
    app.on_cleanup.append(stop)
    return app
