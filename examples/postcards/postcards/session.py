"""Who is visiting: a signed cookie for the name, and a plain one for the theme."""

import hmac
from dataclasses import dataclass

from aiohttp import web
from yarl import URL

from postcards.settings import SETTINGS, Settings

SESSION = "session"
THEME = "theme"
THEMES = ("sand", "sea")
MONTH = 30 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever sent a request; the name is empty until they sign in."""

    name: str
    theme: str


def seal(name: str, settings: Settings) -> str:
    """Write a name so that nobody without the secret can write another."""
    payload = name.encode().hex()
    return f"{payload}.{_signature(payload, settings)}"


def unseal(sealed: str, settings: Settings) -> str:
    """Read a sealed name; empty if it was tampered with."""
    payload, _, signature = sealed.partition(".")
    if not sealed.isascii() or not hmac.compare_digest(signature, _signature(payload, settings)):
        return ""
    return bytes.fromhex(payload).decode()


def _signature(payload: str, settings: Settings) -> str:
    secret = settings.secret.get_secret_value().encode()
    return hmac.new(secret, payload.encode(), "sha256").hexdigest()


def visitor(request: web.Request) -> Visitor:
    """Tell who sent a request."""
    theme = request.cookies.get(THEME)
    return Visitor(
        name=unseal(request.cookies.get(SESSION, ""), request.config_dict[SETTINGS]),
        theme=theme if theme in THEMES else THEMES[0],
    )


def require_name(request: web.Request, back: str = "/") -> str:
    """Give the visitor's name, or send them to sign in and then to `back`."""
    name = visitor(request).name
    if not name:
        raise web.HTTPFound(URL("/login").with_query(next=back))
    return name


def sign_in(response: web.StreamResponse, newcomer: Visitor, settings: Settings) -> None:
    """Let an answer set the two cookies."""
    for name, value in ((SESSION, seal(newcomer.name, settings)), (THEME, newcomer.theme)):
        response.set_cookie(
            name,
            value,
            max_age=MONTH,
            httponly=name == SESSION,
            samesite="Lax",
            secure=settings.secure_cookies,
        )


def sign_out(response: web.StreamResponse) -> None:
    """Let an answer delete the two cookies."""
    response.del_cookie(SESSION)
    response.del_cookie(THEME)
