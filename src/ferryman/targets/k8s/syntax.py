"""Formats that Kubernetes requires: names, quantities, image references.

Each function returns the given text, or raises a ValueError that says what is wrong and what to
write instead. A cluster would refuse most of these mistakes later, and accept some.
"""

from __future__ import annotations

import re
from decimal import Decimal
from ipaddress import ip_network

__all__ = (
    *("DNS_LABEL", "LABEL_VALUE", "QUALIFIED_NAME", "SUBDOMAIN", "VARIABLE"),
    *("cpu_cores", "cpu_quantity", "destination", "gateway_name", "host_name"),
    *("image_reference", "instance_name", "label_value", "memory_quantity", "namespace_name"),
    *("process_name", "secret_name", "toleration", "variable_name"),
)

# Patterns for re.fullmatch, by k8s.io/apimachinery/pkg/util/validation.
DNS_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Kubernetes limits the length of the whole subdomain only, not of its parts.
_PART = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?"
_PARTS = rf"{_PART}(?:\.{_PART})*"
SUBDOMAIN = rf"(?=.{{1,253}}\Z){_PARTS}"
_NAME = r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
QUALIFIED_NAME = rf"(?:(?=[^/]{{1,253}}/){_PARTS}/)?{_NAME}"
LABEL_VALUE = rf"(?:{_NAME})?"
VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"

_TOLERATION = (
    rf"{QUALIFIED_NAME}(?:=[A-Za-z0-9_.-]{{0,63}})?(?::(?:NoExecute|NoSchedule|PreferNoSchedule))?"
)
_CPU = r"(?P<number>[0-9]+(?:\.[0-9]{1,3})?)|(?P<thousandths>[0-9]+)m"
_MEMORY = r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?:[KMGT]i|[kMGT])"
_MEMORY_MISSPELT = r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>[kmgt]?)i?b?"

# The grammar of github.com/distribution/reference, which every registry follows.
_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_IMAGE = (
    rf"(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_COMPONENT}(?:/{_COMPONENT})*"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?"
    r"(?P<digest>@sha256:[0-9a-f]{64})?"
)


def namespace_name(text: str) -> str:
    """Return the name of a namespace, a DNS label of at most 63 characters (RFC 1123)."""
    if not re.fullmatch(DNS_LABEL, text):
        raise ValueError(
            "a namespace is at most 63 lower-case letters, digits and '-', "
            "and begins and ends with a letter or digit"
        )
    return text


def instance_name(text: str) -> str:
    """Return the name of a release's objects, which must be valid for a Service (RFC 1035)."""
    if not re.fullmatch(DNS_LABEL, text) or text[0].isdigit():
        raise ValueError(
            "an instance is at most 63 lower-case letters, digits and '-', "
            "begins with a letter and ends with a letter or digit"
        )
    return text


def process_name(text: str) -> str:
    """Return the name of a process: a part of a DNS label, of at most 30 characters."""
    if len(text) > 30 or not re.fullmatch(DNS_LABEL, text):
        raise ValueError(
            "the name of a process is at most 30 lower-case letters, digits and '-', "
            "and begins and ends with a letter or digit"
        )
    return text


def secret_name(text: str) -> str:
    """Return the name of a Secret, a DNS subdomain of at most 253 characters (RFC 1123)."""
    if not re.fullmatch(SUBDOMAIN, text):
        raise ValueError(
            "the name of a Secret is lower-case letters, digits, '-' and '.'; "
            "its value is never written here"
        )
    return text


def variable_name(text: str) -> str:
    """Return the name of an environment variable that a shell can set."""
    if not re.fullmatch(VARIABLE, text):
        raise ValueError(
            "an environment variable's name is letters, digits and '_', and begins with no digit"
        )
    return text


def cpu_quantity(text: str) -> str:
    """Return an amount of CPU, in cores (`0.5`) or thousandths of one (`250m`)."""
    if not re.fullmatch(_CPU, text):
        raise ValueError("write cores, such as 0.5, or thousandths of one, such as 250m")
    if not cpu_cores(text):
        raise ValueError("an amount of CPU must be more than 0; write 250m for a quarter of a core")
    return text


def cpu_cores(quantity: str) -> Decimal:
    """Return an amount of CPU in cores."""
    if quantity.endswith("m"):
        return Decimal(quantity.removesuffix("m")) / 1000
    return Decimal(quantity)


def memory_quantity(text: str) -> str:
    """Return an amount of memory with its unit, such as `256Mi`.

    Kubernetes reads a number without a unit as bytes and `256m` as a quarter of a byte, and
    cannot start a container with either.
    """
    if not (match := re.fullmatch(_MEMORY, text)):
        raise ValueError(_memory_advice(text))
    if not Decimal(match["number"]):
        raise ValueError("an amount of memory must be more than 0, such as 256Mi")
    return text


def image_reference(text: str) -> str:
    """Return the reference of an image, which must have a digest or a tag other than `latest`.

    `latest` is the image that was pushed last: two pods of a release may run different code, and
    a rollback does not restore the older image.
    """
    match = re.fullmatch(_IMAGE, text)
    if not match:
        raise ValueError(
            "that is not a reference of an image; write registry/name:tag, "
            "such as registry.example.com/shop:1.2.3"
        )
    if match["digest"]:
        return text
    if not match["tag"]:
        raise ValueError(f"the image has no tag, which means latest; write {text}:1.2.3")
    if match["tag"] == "latest":
        pinned = text.removesuffix("latest")
        raise ValueError(f"the tag latest names no version; write {pinned}1.2.3, or a digest")
    return text


def host_name(text: str) -> str:
    """Return a host name, whose first part may be the wildcard `*` (RFC 1123)."""
    if len(text) > 253 or not re.fullmatch(rf"(?:\*\.)?{DNS_LABEL}(?:\.{DNS_LABEL})+", text):
        raise ValueError("write a host name in lower case and without a port: shop.example.com")
    return text


def gateway_name(text: str) -> str:
    """Return the name of a Gateway, optionally as namespace/name."""
    namespace, slash, name = text.rpartition("/")
    if slash:
        namespace_name(namespace)
    if not re.fullmatch(SUBDOMAIN, name):
        raise ValueError("write the name of a Gateway, or namespace/name")
    return text


def destination(text: str) -> str:
    """Return a network and a port that pods may connect to, such as `10.0.0.0/8:5432`."""
    network, slash, rest = text.partition("/")
    length, _, port = rest.partition(":")
    try:
        ip_network(f"{network}{slash}{length}")
        if not slash or not 1 <= int(port) <= 65535:
            raise ValueError
    except ValueError:
        raise ValueError("write a network and a port, such as 10.0.0.0/8:5432") from None
    return text


def toleration(text: str) -> str:
    """Return a toleration in the format of `kubectl taint`: `spot=true:NoSchedule`, `spot`."""
    if not re.fullmatch(_TOLERATION, text):
        raise ValueError(
            "write a toleration as key=value:effect, key:effect or key, such as "
            "spot=true:NoSchedule; the effects are NoExecute, NoSchedule and PreferNoSchedule"
        )
    return text


def label_value(text: str) -> str:
    """Return a text as a label's value, with `_` for characters that a label cannot hold."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:63].strip("._-")


def _memory_advice(text: str) -> str:
    match = re.fullmatch(_MEMORY_MISSPELT, text, re.IGNORECASE)
    if not match:
        return "write a number and one of Ki, Mi, Gi and Ti, such as 256Mi"
    meant = f"{match['number']}{match['unit'].upper() or 'M'}i"
    return f"an amount of memory needs a unit that Kubernetes knows; write {meant}"
