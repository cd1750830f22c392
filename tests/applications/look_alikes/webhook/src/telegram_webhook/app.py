import os

import aiohttp_cors
from aiohttp import ClientSession, web

SESSION = web.AppKey("session", ClientSession)


async def session(app):
    async with ClientSession() as opened:
        app[SESSION] = opened
        yield


async def webhook(request):
    if request.headers.get("X-Telegram-Bot-Api-Secret-Token") != os.environ.get("BOT_SECRET"):
        raise web.HTTPForbidden()
    update = await request.json()
    chat = update["message"]["chat"]["id"]
    return web.json_response({"method": "sendMessage", "chat_id": chat, "text": "pong"})


async def health(request):
    return web.Response(text="alive")


async def create_app() -> web.Application:
    app = web.Application()
    app.cleanup_ctx.append(session)
    app.router.add_post("/webhook", webhook)
    cors = aiohttp_cors.setup(app)
    resource = cors.add(app.router.add_resource("/health"))
    allowed = {"*": aiohttp_cors.ResourceOptions()}
    cors.add(resource.add_route("GET", health), allowed)
    return app
