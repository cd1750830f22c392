import hmac
import os

from aiohttp import web


async def sign_in(request):
    answer = web.Response(text="hello")
    key = os.environ.get("VISITOR_KEY", "for development").encode()
    answer.set_cookie("visitor", f"ada.{hmac.new(key, b'ada', 'sha256').hexdigest()}")
    return answer


def create_app():
    app = web.Application()
    app.router.add_get("/sign-in", sign_in)
    return app
