from aiohttp import web


async def export(request):  # M104
    return web.Response(body=b"row\n" * 1_500_000)


def create_app():
    app = web.Application()
    app.router.add_get("/export", export)
    return app
