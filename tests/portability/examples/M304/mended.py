import hmac
import os

from aiohttp import web

SECRET = os.environ.get("SHOP_SECRET", "for development").encode()


def sign(name):
    return f"{name}.{hmac.new(SECRET, name.encode(), 'sha256').hexdigest()}"


async def sign_in(request):
    answer = web.Response(text="hello")
    answer.set_cookie("visitor", sign("ada"))
    return answer


async def account(request):
    if request.cookies.get("visitor") != sign("ada"):
        raise web.HTTPUnauthorized
    return web.Response(text="ada")


def create_app():
    app = web.Application()
    app.router.add_get("/sign-in", sign_in)
    app.router.add_get("/account", account)
    return app
