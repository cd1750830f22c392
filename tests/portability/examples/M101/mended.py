from aiohttp import web


async def news(request):
    after = int(request.query.get("after", "0"))
    return web.json_response({"after": after, "messages": []})


def create_app():
    app = web.Application()
    app.router.add_get("/news", news)
    return app
