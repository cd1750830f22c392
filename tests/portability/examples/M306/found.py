from concurrent.futures import ProcessPoolExecutor

from aiohttp import web

POOL = web.AppKey("pool", ProcessPoolExecutor)


async def open_pool(app):
    with ProcessPoolExecutor(2) as pool:  # M306
        app[POOL] = pool
        yield


def create_app():
    app = web.Application()
    app.cleanup_ctx.append(open_pool)
    return app
