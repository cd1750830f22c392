"""What a request carries: a form, a JSON object, a picture."""

from aiohttp import web
from aiohttp.web_request import FileField
from multidict import MultiDictProxy
from pydantic import JsonValue, TypeAdapter, ValidationError

from postcards.problems import Problem
from postcards.storage import Picture

JSON_OBJECT = TypeAdapter(dict[str, JsonValue])

SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
}


async def read_form(request: web.Request) -> MultiDictProxy[str | bytes | bytearray | FileField]:
    """Read a form, urlencoded or multipart."""
    try:
        return await request.post()
    except (ValueError, LookupError) as error:
        raise Problem(400, "The body is not the form that its type announces.") from error


async def read_object(request: web.Request) -> dict[str, JsonValue]:
    """Read one JSON object."""
    try:
        return JSON_OBJECT.validate_json(await request.read())
    except ValidationError as error:
        raise Problem(400, "The body must be one JSON object.") from error


async def read_picture(request: web.Request) -> Picture:
    """Read the image that a form carries in its field `picture`."""
    field = (await read_form(request)).get("picture")
    if not isinstance(field, FileField):
        raise Problem(422, "The form carries no picture.", {"picture": "Field required"})
    with field.file as file:
        data = file.read()
    signature = SIGNATURES.get(field.content_type)
    if signature is None or not data.startswith(signature):
        raise Problem(415, "A picture must be a PNG, a JPEG or a GIF.")
    return Picture(field.content_type, data)
