"""The command by which a container engine asks a server whether it is well."""

from __future__ import annotations

from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("health_command",)

_CODE = (
    "import http.client as h; c = h.HTTPConnection({host!r}, {port}, timeout=4); "
    "c.request('GET', {path!r}); raise SystemExit(c.getresponse().status != 200)"
)

# Where to ask for an address that means every address.
_LOOPBACKS = {"0.0.0.0": "127.0.0.1", "[::]": "::1", "": "127.0.0.1"}  # noqa: S104


def health_command(settings: ServerSettings, program: str) -> tuple[str, ...]:
    """Return the command, whose status is 0 if the server is well; none if nothing can be asked.

    Args:
        settings: What the server runs by.
        program: The interpreter that asks.
    """
    address = settings.admin_bind
    if not address and settings.health_on_app_port and not settings.certificate:
        address = settings.bind
    if not address or address.startswith("unix:"):
        return ()
    host, _, port = address.rpartition(":")
    asked = _LOOPBACKS.get(host, host.strip("[]"))
    code = _CODE.format(host=asked, port=int(port), path=settings.liveness_path)
    # -I and -S: nothing but the standard library, and what starts soonest.
    return (program, "-I", "-S", "-c", code)
