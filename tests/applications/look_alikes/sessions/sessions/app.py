import base64
import os

from aiohttp import web
from aiohttp_session import get_session, setup
from aiohttp_session.cookie_storage import EncryptedCookieStorage
from cryptography import fernet


async def visit(request):
    session = await get_session(request)
    session["visits"] = session.get("visits", 0) + 1
    return web.json_response({"visits": session["visits"]})


def make_app():
    app = web.Application()
    key = os.environ.get("SESSION_KEY", "").encode() or fernet.Fernet.generate_key()
    setup(app, EncryptedCookieStorage(base64.urlsafe_b64decode(key)))
    app.router.add_get("/", visit)
    return app
