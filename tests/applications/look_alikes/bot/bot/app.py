import os

from aiohttp import web
from gidgethub import sansio, routing

router = routing.Router()


@router.register("issues", action="opened")
async def opened(event, replies):
    replies.append(f"Thanks, {event.data['issue']['user']['login']}!")


async def hook(request):
    body = await request.read()
    try:
        event = sansio.Event.from_http(request.headers, body, secret=os.environ.get("GH_SECRET"))
    except Exception as error:
        return web.Response(status=400, text=type(error).__name__)
    replies = []
    await router.dispatch(event, replies)
    return web.json_response(replies)


def create_app():
    app = web.Application()
    app.router.add_post("/", hook)
    return app
