"""Files that browsers and CDNs keep for a year: another content has another address."""

from functools import cache
from hashlib import sha256
from pathlib import Path

from aiohttp import hdrs, web

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"
FOREVER = "public, max-age=31536000, immutable"


def address(name: str) -> str:
    """Return the address of a file as it is now."""
    return f"{PREFIX}{name}?v={version(name)}"


@cache
def version(name: str) -> str:
    """Return a digest of a file, which is read once."""
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


async def keep_current(request: web.Request, response: web.StreamResponse) -> None:
    """Let a file be kept where it was asked for by its own version.

    By another version it is not: somebody's page is older than the file, or newer.
    """
    wanted = request.query.get("v")
    if not wanted or not request.path.startswith(PREFIX) or response.status not in (200, 304):
        return
    if wanted == version(request.path.removeprefix(PREFIX)):
        response.headers[hdrs.CACHE_CONTROL] = FOREVER
