"""The forms that Kubernetes takes: names, quantities, references of images.

Each function returns the text it was given, or raises ValueError with what is wrong and
what to write instead. A cluster refuses most of these mistakes later, and some never.
"""

from __future__ import annotations

import re
from decimal import Decimal
from ipaddress import ip_network

__all__ = (
    "cpu_cores",
    "cpu_quantity",
    "destination",
    "gateway_name",
    "host_name",
    "image_reference",
    "instance_name",
    "label_value",
    "memory_quantity",
    "namespace_name",
    "process_name",
    "secret_name",
    "toleration",
    "variable_name",
)

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# Kubernetes counts the characters of such a name alone, and not those between two dots.
_SUBDOMAIN = r"(?=.{1,253}\Z)[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*"
_LABEL_KEY = (
    r"(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/)?[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?"
)
_TOLERATION = (
    rf"{_LABEL_KEY}(?:=[A-Za-z0-9_.-]{{0,63}})?(?::(?:NoExecute|NoSchedule|PreferNoSchedule))?"
)
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"
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
    if not re.fullmatch(_LABEL, text):
        raise ValueError(
            "a namespace is at most 63 lower-case letters, digits and '-', "
            "and begins and ends with a letter or digit"
        )
    return text


def instance_name(text: str) -> str:
    """Return the name of a Service, which all objects of a release bear (RFC 1035)."""
    if not re.fullmatch(_LABEL, text) or text[0].isdigit():
        raise ValueError(
            "an instance is at most 63 lower-case letters, digits and '-', "
            "begins with a letter and ends with a letter or digit"
        )
    return text


def process_name(text: str) -> str:
    """Return the name of a process: a part of a DNS label, of at most 30 characters."""
    if len(text) > 30 or not re.fullmatch(_LABEL, text):
        raise ValueError(
            "the name of a process is at most 30 lower-case letters, digits and '-', "
            "and begins and ends with a letter or digit"
        )
    return text


def secret_name(text: str) -> str:
    """Return the name of a Secret, a DNS subdomain of at most 253 characters (RFC 1123)."""
    if not re.fullmatch(_SUBDOMAIN, text):
        raise ValueError(
            "the name of a Secret is lower-case letters, digits, '-' and '.'; "
            "its value is never written here"
        )
    return text


def variable_name(text: str) -> str:
    """Return the name of an environment variable that every shell could set, too."""
    if not re.fullmatch(_VARIABLE, text):
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
    """Return how many cores an amount of CPU is."""
    if quantity.endswith("m"):
        return Decimal(quantity.removesuffix("m")) / 1000
    return Decimal(quantity)


def memory_quantity(text: str) -> str:
    """Return an amount of memory with its unit, such as `256Mi`.

    Kubernetes takes a number without a unit for bytes and `256m` for a quarter of a
    byte, and starts no container with either.
    """
    if not (match := re.fullmatch(_MEMORY, text)):
        raise ValueError(_memory_advice(text))
    if not Decimal(match["number"]):
        raise ValueError("an amount of memory must be more than 0, such as 256Mi")
    return text


def image_reference(text: str) -> str:
    """Return the reference of an image that names one version: a tag or a digest.

    `latest` names whichever image was pushed last: two pods of one release may then run
    different code, and going back to an older release brings no older image.
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
    """Return a host name, whose first part may be `*` for any (RFC 1123)."""
    if len(text) > 253 or not re.fullmatch(rf"(?:\*\.)?{_LABEL}(?:\.{_LABEL})+", text):
        raise ValueError("write a host name in lower case and without a port: shop.example.com")
    return text


def gateway_name(text: str) -> str:
    """Return the name of a Gateway, with or without its namespace before a slash."""
    namespace, slash, name = text.rpartition("/")
    if slash:
        namespace_name(namespace)
    if not re.fullmatch(_SUBDOMAIN, name):
        raise ValueError("write the name of a Gateway, or namespace/name")
    return text


def destination(text: str) -> str:
    """Return a network and port that pods may connect to: `10.0.0.0/8:5432`."""
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
    """Return a toleration as `kubectl taint` writes a taint: `spot=true:NoSchedule`, `spot`."""
    if not re.fullmatch(_TOLERATION, text):
        raise ValueError(
            "write a toleration as key=value:effect, key:effect or key, such as "
            "spot=true:NoSchedule; the effects are NoExecute, NoSchedule and PreferNoSchedule"
        )
    return text


def label_value(text: str) -> str:
    """Return a text as a label's value: what a label cannot hold becomes `_`."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)[:63].strip("._-")


def _memory_advice(text: str) -> str:
    match = re.fullmatch(_MEMORY_MISSPELT, text, re.IGNORECASE)
    if not match:
        return "write a number and one of Ki, Mi, Gi and Ti, such as 256Mi"
    meant = f"{match['number']}{match['unit'].upper() or 'M'}i"
    return f"an amount of memory needs a unit that Kubernetes knows; write {meant}"
