from aiohttp import web


async def upload(request):
    form = await request.post()
    return web.json_response({"fields": len(form)})


def create_app():
    app = web.Application(client_max_size=4 * 1024**2)
    app.router.add_post("/upload", upload)
    return app
