import aiohttp
import aiohttp_jinja2
import jinja2
from aiohttp import web


async def index(request):
    return aiohttp_jinja2.render_template("index.html", request, {})


async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    request.app["websockets"].append(socket)
    try:
        async for message in socket:
            if message.type == aiohttp.WSMsgType.TEXT:
                for each in request.app["websockets"]:
                    await each.send_json({"action": "sent", "text": message.data})
    finally:
        request.app["websockets"].remove(socket)
    return socket


async def shutdown(app):
    for socket in list(app["websockets"]):
        await socket.close()


async def init_app():
    app = web.Application()
    app["websockets"] = []
    app.on_shutdown.append(shutdown)
    aiohttp_jinja2.setup(app, loader=jinja2.PackageLoader("chat", "templates"))
    app.router.add_get("/", index)
    app.router.add_get("/ws", talk)
    return app


if __name__ == "__main__":
    web.run_app(init_app())
