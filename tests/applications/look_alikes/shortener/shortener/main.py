import asyncio
import os

from aiohttp import web
from redis import asyncio as redis

REDIS = web.AppKey("redis", redis.Redis)


async def shortify(request):
    data = await request.post()
    number = await request.app[REDIS].incr("count")
    await request.app[REDIS].set(f"link:{number}", data["url"])
    return web.json_response({"short": f"/{number}"}, status=201)


async def follow(request):
    url = await request.app[REDIS].get(f"link:{request.match_info['number']}")
    if url is None:
        raise web.HTTPNotFound()
    raise web.HTTPFound(url.decode())


async def index(request):
    return web.Response(text="<form method=post><input name=url></form>", content_type="text/html")


async def pool(app):
    app[REDIS] = redis.from_url(os.environ.get("REDIS_URL", "redis://localhost:6379"))
    yield
    await app[REDIS].aclose()


async def init():
    app = web.Application()
    app.cleanup_ctx.append(pool)
    app.router.add_get("/", index)
    app.router.add_post("/", shortify)
    app.router.add_get(r"/{number:\d+}", follow)
    return app


def main():
    loop = asyncio.new_event_loop()
    web.run_app(loop.run_until_complete(init()), loop=loop)


if __name__ == "__main__":
    main()
