"""All gateways, by the names of their event sources."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.core.errors import ConfigError
from ferryman.local.gateway import alb, edge, http_v1, http_v2, lattice
from ferryman.local.gateway.protocol import Gateway

__all__ = ("GATEWAYS", "find_gateway")

GATEWAYS: Mapping[str, Gateway] = {
    gateway.name: gateway
    for gateway in (
        http_v2.FUNCTION_URL,
        http_v2.HTTP_API,
        http_v1.HTTP_API_V1,
        http_v1.REST_API,
        alb.ALB,
        alb.ALB_MULTI_VALUE,
        lattice.LATTICE_V1,
        lattice.LATTICE_V2,
        edge.EDGE,
    )
}
"""The gateways, in the order in which they are documented."""


def find_gateway(name: str) -> Gateway:
    """Return the gateway of an event source.

    Raises:
        ConfigError: There is no event source of that name.
    """
    if name not in GATEWAYS:
        raise ConfigError(
            f"there is no event source '{name}'", hint=f"choose one of {', '.join(GATEWAYS)}"
        )
    return GATEWAYS[name]
