import logging
import os

from aiohttp import web
from dotenv import load_dotenv

from downloads import DownloadQueue
from formats import best

load_dotenv()
log = logging.getLogger("main")
app = web.Application()
queue = DownloadQueue()
routes = web.RouteTableDef()


@routes.post(os.environ.get("URL_PREFIX", "/") + "add")
async def add(request):
    post = await request.json()
    queue.add(post["url"], best(post.get("quality")))
    return web.json_response({"status": "ok", "queued": len(queue)})


@routes.get("/")
async def index(request):
    return web.json_response(list(queue))


app.add_routes(routes)

if __name__ == "__main__":
    web.run_app(app, port=int(os.environ.get("PORT", "8081")))
