from aiohttp import web


async def count(path):
    return len(path)


async def show(request):
    return web.Response(text=f"{await count(request.path)} letters")


def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
