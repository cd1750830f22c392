"""Puts a request as the app should see it: without the gateway's path, past the proxies."""

from __future__ import annotations

from collections.abc import Callable

from ferryman.targets.lambda_.runtime.messages import HttpRequest
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

__all__ = ("Translate", "translation")

Translate = Callable[[HttpRequest], HttpRequest]


def translation(options: EnvironmentOptions) -> Translate | None:
    """Return the function that changes each request, or None if no change is needed.

    Modules that only some apps need are imported for these apps, to keep cold starts short.
    """
    steps: list[Translate] = []
    if options.trusted_proxies:
        from ferryman.core.proxy_trust import ProxyTrust
        from ferryman.targets.lambda_.runtime.events.proxies import through_proxies

        trust = ProxyTrust.read(
            "tool.ferryman.lambda", options.trusted_proxies, options.proxy or None
        )
        steps.append(lambda request: through_proxies(request, trust))
    if base_path := options.base_path:
        from ferryman.targets.lambda_.runtime.events.target import strip_base_path

        steps.append(
            lambda request: request._replace(target=strip_base_path(request.target, base_path))
        )
    if not steps:
        return None

    def translate(request: HttpRequest) -> HttpRequest:
        for step in steps:
            request = step(request)
        return request

    return translate
