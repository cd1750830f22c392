"""The binary answers: a drawn stamp for every card, and the picture somebody attached."""

from hashlib import sha256

from aiohttp import web

from postcards.bodies import read_picture
from postcards.session import require_name
from postcards.stamps import draw_stamp
from postcards.storage import STORAGE

HEADERS = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

routes = web.RouteTableDef()


@routes.get("/stamps/{number:[0-9]{1,9}}.png")
async def show_stamp(request: web.Request) -> web.Response:
    """Show the stamp of a card."""
    card = await request.app[STORAGE].get(int(request.match_info["number"]))
    return answer_bytes(request, draw_stamp(card), "image/png")


@routes.get("/cards/{number:[0-9]{1,9}}/picture")
async def show_picture(request: web.Request) -> web.Response:
    """Show the picture attached to a card."""
    picture = await request.app[STORAGE].picture(int(request.match_info["number"]))
    if picture is None:
        raise web.HTTPNotFound
    return answer_bytes(request, picture.data, picture.content_type)


@routes.post("/cards/{number:[0-9]{1,9}}/picture")
async def attach_picture(request: web.Request) -> web.Response:
    """Attach the picture that a multipart form carries."""
    number = int(request.match_info["number"])
    require_name(request, back=f"/cards/{number}")
    await request.app[STORAGE].attach(number, await read_picture(request))
    raise web.HTTPSeeOther(f"/cards/{number}")


def answer_bytes(request: web.Request, body: bytes, content_type: str) -> web.Response:
    """Answer with bytes, or with 304 if the sender of the request has them already."""
    etag = sha256(body).hexdigest()[:32]
    known = {one.value for one in request.if_none_match or ()}
    if known.isdisjoint({etag, "*"}):
        response = web.Response(body=body, content_type=content_type, headers=HEADERS)
    else:
        response = web.Response(status=304, headers=HEADERS)
    response.etag = etag
    return response
