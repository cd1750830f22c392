from aiohttp import web
from pydantic import BaseModel, ValidationError


class Entry(BaseModel):
    what: str
    cents: int


ENTRIES = []


async def add(request):
    try:
        entry = Entry.model_validate_json(await request.read())
    except ValidationError as error:
        return web.json_response({"errors": error.error_count()}, status=422)
    ENTRIES.append(entry)
    return web.json_response(entry.model_dump(), status=201)


async def total(request):
    return web.json_response({"cents": sum(entry.cents for entry in ENTRIES)})


def make_app() -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/total", total), web.post("/entries", add)])
    return app
