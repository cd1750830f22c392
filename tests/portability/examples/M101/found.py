from aiohttp import web


async def chat(request):
    socket = web.WebSocketResponse()  # M101
    await socket.prepare(request)
    async for message in socket:
        await socket.send_str(message.data)
    return socket


def create_app():
    app = web.Application()
    app.router.add_get("/chat", chat)
    return app
