"""Who is visiting: a session in the cache, its number in a signed cookie; and a theme."""

import hmac
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from postcards.settings import SETTINGS, Settings
from postcards.storage import CACHE

SESSION = "session"
THEME = "theme"
THEMES = ("sand", "sea")
MONTH = 30 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Visitor:
    """The sender of a request; the name is empty until they sign in."""

    name: str
    theme: str


VISITOR: web.RequestKey[Visitor] = web.RequestKey("visitor", Visitor)


def seal(number: str, settings: Settings) -> str:
    """Write a session's number so that nobody without the secret can write another."""
    return f"{number}.{_signature(number, settings)}"


def unseal(sealed: str, settings: Settings) -> str:
    """Read a sealed number; empty if it was tampered with."""
    number, _, signature = sealed.partition(".")
    if not sealed.isascii() or not hmac.compare_digest(signature, _signature(number, settings)):
        return ""
    return number


def _signature(number: str, settings: Settings) -> str:
    secret = settings.secret.get_secret_value().encode()
    return hmac.new(secret, number.encode(), "sha256").hexdigest()


@web.middleware
async def load_visitor(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Find out who sent a request before it is handled."""
    number = unseal(request.cookies.get(SESSION, ""), request.config_dict[SETTINGS])
    kept = await request.config_dict[CACHE].get(f"session:{number}") if number else None
    if kept is not None:
        request[VISITOR] = Visitor(kept.decode(), _theme(request))
    return await handler(request)


def visitor(request: web.Request) -> Visitor:
    """Tell who sent a request."""
    return request.get(VISITOR) or Visitor("", _theme(request))


def _theme(request: web.Request) -> str:
    theme = request.cookies.get(THEME)
    return theme if theme in THEMES else THEMES[0]


def require_name(request: web.Request, back: str = "/") -> str:
    """Give the visitor's name, or send them to sign in and then to `back`."""
    name = visitor(request).name
    if not name:
        raise web.HTTPFound(URL("/login").with_query(next=back))
    return name


async def sign_in(request: web.Request, response: web.StreamResponse, newcomer: Visitor) -> None:
    """Keep a session, and let an answer set the two cookies."""
    cache, settings = request.config_dict[CACHE], request.config_dict[SETTINGS]
    number = str(await cache.incr("sessions"))
    await cache.set(f"session:{number}", newcomer.name.encode(), MONTH)
    for name, value in ((SESSION, seal(number, settings)), (THEME, newcomer.theme)):
        response.set_cookie(
            name,
            value,
            max_age=MONTH,
            httponly=name == SESSION,
            samesite="Lax",
            secure=settings.secure_cookies,
        )


async def sign_out(request: web.Request, response: web.StreamResponse) -> None:
    """Forget a session, and let an answer delete the two cookies."""
    number = unseal(request.cookies.get(SESSION, ""), request.config_dict[SETTINGS])
    if number:
        await request.config_dict[CACHE].delete(f"session:{number}")
    response.del_cookie(SESSION)
    response.del_cookie(THEME)
