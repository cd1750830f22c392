import logging
import sys

from aiohttp import web

print("starting", sys.version_info[:2])
logging.basicConfig(stream=sys.stdout, level=logging.DEBUG)
logging.getLogger().addHandler(logging.StreamHandler(sys.stdout))
logger = logging.getLogger(__name__)


@web.middleware
async def timing(request, handler):
    logger.info("%s %s", request.method, request.path)
    return await handler(request)


routes = web.RouteTableDef()


@routes.get("/{name:.*}")
async def hello(request):
    print("hello", request.match_info["name"])
    return web.Response(text=f"Hello, {request.match_info['name'] or 'Anonymous'}")


app = web.Application(middlewares=[timing])
app.add_routes(routes)

if __name__ == "__main__":
    web.run_app(app)
