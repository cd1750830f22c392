"""The command by which a container engine asks a server whether it is well."""

from __future__ import annotations

from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("health_command",)

_CODE = (
    "import http.client as h; c = h.HTTPConnection({host!r}, {port}, timeout=4); "
    "c.request('GET', {path!r}); raise SystemExit(c.getresponse().status != 200)"
)

# Where to ask for an address that means every address.
_LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def health_command(settings: ServerSettings, program: str) -> tuple[str, ...]:
    """Return the command, whose status is 0 if the server is well; none if nothing can be asked.

    Args:
        settings: What the server runs by.
        program: The interpreter that asks.
    """
    front = settings.front
    place = front.admin
    if place is None and front.health_on_app_port and not front.secure:
        place = front.app
    if place is None or place.port is None:
        return ()
    asked = _LOOPBACKS.get(place.host, place.host)
    code = _CODE.format(host=asked, port=place.port, path=settings.liveness_path)
    # -I and -S: nothing but the standard library, and what starts soonest.
    return (program, "-I", "-S", "-c", code)
