"""Finds how the traffic of the clients' address can be moved.

Weights only work if both sides are behind one name. A name that a cloud gives to a function always
leads to that function.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ("Front", "front_of")

_FUNCTION_URL = re.compile(r"\.lambda-url\.[a-z0-9-]+\.on\.aws$")
_API = re.compile(r"\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$")
_BALANCER = re.compile(r"\.elb\.([a-z0-9-]+\.)?amazonaws\.com(\.cn)?$|\.elb\.[a-z0-9-]+\.amaz")
_CLOUDFRONT = ".cloudfront.net"

_BALANCERS = {
    "haproxy": "HAProxy",
    "alb": "the load balancer",
    "route": "the Gateway",
    "command": "the balancer that your commands change",
}


@dataclass(frozen=True, slots=True)
class Front:
    """How the clients' address is moved.

    Attributes:
        address: The address that clients use; empty if unknown.
        way: How its traffic is moved.
        refusal: Why its traffic cannot be moved; empty if it can.
    """

    address: str
    way: str
    refusal: str = ""


def front_of(address: str, shifter: str, old: str) -> Front:
    """Return how the traffic of an address can be moved.

    Args:
        address: The address that clients use: a URL or a name.
        shifter: The kind of shifter.
        old: The side that has all the traffic.
    """
    if shifter == "alias":
        return Front(address, "It stays as it is: the alias behind it moves between two versions.")
    balancer = _BALANCERS[shifter]
    if not address:
        way = f"Clients must reach the app through {balancer}. Set address in"
        return Front("", f"{way} [tool.ferryman.migrate], and the plan says how to move it.")
    host = (urlsplit(address if "//" in address else f"//{address}").hostname or "").lower()
    if _FUNCTION_URL.search(host) or _API.search(host):
        return Front(address, "", _refusal(host, balancer, old))
    if host.endswith(_CLOUDFRONT):
        way = f"Make {balancer} the origin of its distribution while {old} has all the traffic."
        return Front(address, f"{way} CloudFront takes some minutes, and no request is lost.")
    if _BALANCER.search(host) and shifter == "alb":
        return Front(address, "It stays as it is: it is the load balancer's own name.")
    if host == "localhost" or _is_ip(host):
        return Front(address, f"{balancer.capitalize()} must listen on it.")
    return Front(
        address,
        f"Point {host} at {balancer} while {old} has all the traffic, and begin when its old "
        "records have expired. Wait twice their TTL, because some resolvers keep them longer.",
    )


def _refusal(host: str, balancer: str, old: str) -> str:
    kind = "a Function URL" if ".lambda-url." in host else "an API of API Gateway"
    return (
        f"{host} is the name of {kind} and leads only there, so no weight can move its clients. "
        f"First put a domain, CloudFront or an ALB in front, with {balancer} behind it and {old} "
        "behind that; move the clients to the new name; then set address to that name"
    )


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
