from aiohttp import web


async def export(request):
    page = int(request.query.get("page", "0"))
    return web.Response(body=b"row\n" * 10_000, headers={"X-Page": str(page)})


def create_app():
    app = web.Application()
    app.router.add_get("/export", export)
    return app
