import logging
import pathlib
import sys

import aiohttp_jinja2
import jinja2
import yaml
from aiohttp import web

from polls.db import DB, database

HERE = pathlib.Path(__file__).parent


@aiohttp_jinja2.template("index.html")
async def index(request):
    async with request.app[DB].execute("SELECT text FROM choice ORDER BY id") as cursor:
        choices = [row[0] for row in await cursor.fetchall()]
    return {"title": request.app["config"]["title"], "choices": choices}


async def init_app(argv=None):
    app = web.Application()
    app["config"] = yaml.safe_load((HERE / "settings.yaml").read_text())
    aiohttp_jinja2.setup(app, loader=jinja2.PackageLoader("polls", "templates"))
    app.cleanup_ctx.append(database)
    app.router.add_get("/", index)
    return app


def main(argv):
    logging.basicConfig(level=logging.DEBUG)
    web.run_app(init_app(argv))


if __name__ == "__main__":
    main(sys.argv[1:])
