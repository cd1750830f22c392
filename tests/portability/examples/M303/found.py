import secrets

from aiohttp import web

SESSIONS = {}


async def sign_in(request):
    answer = web.Response(text="hello")
    name = secrets.token_urlsafe(16)
    SESSIONS[name] = {"name": "ada"}  # M303
    answer.set_cookie("visitor", name)
    return answer


def create_app():
    app = web.Application()
    app.router.add_get("/sign-in", sign_in)
    return app
