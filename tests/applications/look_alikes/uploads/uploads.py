import hashlib

from aiohttp import web

LIMIT = 1024 * 1024


async def store(request):
    if not request.content_type.startswith("multipart/"):
        raise web.HTTPBadRequest(text="several parts, please")
    stored = {}
    async for part in await request.multipart():
        digest, size = hashlib.sha256(), 0
        while chunk := await part.read_chunk():
            size += len(chunk)
            if size > LIMIT:
                raise web.HTTPRequestEntityTooLarge(LIMIT, size)
            digest.update(chunk)
        stored[part.filename or part.name] = [size, digest.hexdigest()[:8]]
    return web.json_response(stored)


async def form(request):
    return web.Response(text="<form enctype=multipart/form-data>", content_type="text/html")


def build_app():
    app = web.Application(client_max_size=LIMIT)
    app.router.add_routes([web.get("/", form), web.post("/", store)])
    return app
