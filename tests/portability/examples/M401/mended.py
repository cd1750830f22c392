import logging

from aiohttp import web

log = logging.getLogger(__name__)


async def order(request):
    log.info("tea was ordered")
    return web.Response(text="told")


def create_app():
    app = web.Application()
    app.router.add_get("/order", order)
    return app
