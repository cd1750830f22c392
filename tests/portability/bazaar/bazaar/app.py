"""A market of stalls, with every habit that ties an app to one process on one machine."""

import logging
import signal
from functools import partial

from aiohttp import web

from bazaar import accounts, jobs, live, state
from bazaar.database import open_database
from bazaar.stalls import STALLS, Export, Stalls, add_stall, show_stalls

logging.getLogger("bazaar").addHandler(logging.FileHandler("bazaar.log"))  # M401


@web.middleware
async def count(request, handler):
    state.seen(request.path)
    logging.getLogger("bazaar").debug("%s from %s", request.path, request.remote)  # M701
    return await handler(request)


def create_app():
    app = web.Application(middlewares=[count], client_max_size=20 * 1024 * 1024)  # M103
    app[STALLS] = Stalls()
    app.on_startup.append(jobs.start)
    app.on_startup.append(watch_signals)
    app.cleanup_ctx.append(open_database)
    app.router.add_get("/", show_stalls)
    app.router.add_post("/stalls/{number}", partial(add_stall, limit=100))
    app.router.add_view("/export", Export)
    app.router.add_get("/mail", jobs.send_mail)
    app.router.add_get("/where", jobs.where)
    app.add_routes(accounts.routes)
    app.add_subapp("/live", live.create_live())
    return app


async def watch_signals(app):
    import asyncio

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, logging.shutdown)  # M513
