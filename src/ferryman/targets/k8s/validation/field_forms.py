"""Formats that the API server requires of texts. Each function returns what is wrong, or None.

Source: k8s.io/apimachinery/pkg/util/validation of Kubernetes 1.36.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from zoneinfo import available_timezones

from ferryman.targets.k8s.syntax import DNS_LABEL, LABEL_VALUE, QUALIFIED_NAME, SUBDOMAIN

__all__ = ("FORMS", "Form", "base64_text", "config_key", "qualified_name", "relative_path")

Form = Callable[[str], str | None]

_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]{1,253}")
_HEADER = re.compile(r"[-A-Za-z0-9]+")
_CRON_RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_CRON_NAMES: tuple[Mapping[str, int], ...] = (
    {},
    {},
    {},
    {name: number for number, name in enumerate(_MONTHS, 1)},
    {name: number for number, name in enumerate(_DAYS)},
)
_CRON_WORDS = ("@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly")


def label(text: str) -> str | None:
    """Say what is wrong with a DNS label (RFC 1123)."""
    if re.fullmatch(DNS_LABEL, text):
        return None
    form = "at most 63 of a-z, 0-9 and '-', a letter or digit at both ends"
    return f"is not a DNS label: {form}{_lower(text)}"


def subdomain(text: str) -> str | None:
    """Say what is wrong with a DNS subdomain (RFC 1123)."""
    if re.fullmatch(SUBDOMAIN, text):
        return None
    return "is not a name: a-z, 0-9, '-' and '.', a letter or digit at both ends" + _lower(text)


def _lower(text: str) -> str:
    """Suggest the text in lower case, with a dash for characters that a name cannot have."""
    meant = re.sub(r"[^a-z0-9.-]+", "-", text.lower()).strip("-.")
    return f"; did you mean {meant}?" if meant and meant != text else ""


def config_key(text: str) -> str | None:
    """Say what is wrong with a key of a ConfigMap or Secret."""
    if text in (".", "..") or text.startswith(".."):
        return "is not a key: it may not be '.' or begin with '..'"
    if _CONFIG_KEY.fullmatch(text):
        return None
    meant = re.sub(r"[^-._a-zA-Z0-9]+", "-", text)
    return f"is not a key of only letters, digits, '-', '_' and '.'; did you mean {meant}?"


def qualified_name(text: str) -> str | None:
    """Say what is wrong with a name that may begin with a DNS name and a slash."""
    if re.fullmatch(QUALIFIED_NAME, text):
        return None
    return (
        "is not a name such as example.com/name: letters, digits, '-', '_' and '.' after the slash"
    )


def label_value(text: str) -> str | None:
    """Say what is wrong with the value of a label, which may be empty."""
    if re.fullmatch(LABEL_VALUE, text):
        return None
    return "is not a value of a label: at most 63 letters, digits, '-', '_' and '.'"


def ip(text: str) -> str | None:
    """Say what is wrong with an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return "is not an IP address, such as 10.9.8.7 or 2001:db8::ffff"
    return None


def header(text: str) -> str | None:
    """Say what is wrong with the name of an HTTP header of a probe."""
    wrong = "is not a header name of only letters, digits and '-'"
    return None if _HEADER.fullmatch(text) else wrong


def relative_path(text: str) -> str | None:
    """Say what is wrong with a path that must stay within a directory."""
    if text.startswith("/"):
        return f"must be a relative path; did you mean {text.lstrip('/') or '.'}?"
    return "must not contain '..'" if ".." in text.split("/") else None


def host(text: str) -> str | None:
    """Say what is wrong with a host name, whose first part may be `*`."""
    return subdomain(text.removeprefix("*."))


def base64_text(text: str) -> str | None:
    """Say what is wrong with base64. Line ends are allowed."""
    try:
        base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
    except (binascii.Error, ValueError):
        return "is not base64; put plain text into stringData of a Secret, or data of a ConfigMap"
    return None


def schedule(text: str) -> str | None:
    """Say what is wrong with a cron schedule (robfig/cron, five fields)."""
    if text.startswith("@every "):
        duration = re.fullmatch(r"@every ([0-9.]+(ns|us|µs|ms|s|m|h))+", text)
        return None if duration else "is not a duration"
    if text.startswith("@"):
        return None if text in _CRON_WORDS else f"is not one of {', '.join(_CRON_WORDS)}"
    if text.startswith(("TZ=", "CRON_TZ=")):
        return "may not name a time zone; set timeZone"
    fields = text.split()
    if len(fields) != 5:
        hint = "; leave the seconds out" if len(fields) == 6 else ", such as `0 4 * * *`"
        names = "minute, hour, day, month, weekday"
        return f"must have five fields ({names}) and has {len(fields)}{hint}"
    for field, (low, high), words in zip(fields, _CRON_RANGES, _CRON_NAMES, strict=True):
        for part in field.split(","):
            if wrong := _cron_part(part, low, high, words):
                return wrong
    return None


def _cron_part(part: str, low: int, high: int, names: Mapping[str, int]) -> str | None:
    span, slash, step = part.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        return f"has the step {step!r}, which must be a number above 0"
    if span in ("*", "?"):
        return None
    ends = []
    for end in span.split("-"):
        number = names.get(end.lower(), int(end) if end.isdecimal() and len(end) < 9 else None)
        if number is None:
            return f"has {end!r}, which is not a number"
        if not low <= number <= high:
            return f"has {number}, which is not within {low} to {high}"
        ends.append(number)
    if len(ends) > 2 or ends != sorted(ends):
        return f"has {span}, which is not a range"
    return None


def time_zone(text: str) -> str | None:
    """Say what is wrong with the name of a time zone."""
    known = available_timezones()
    if not known or text in known:
        return None
    return "is not a time zone, such as Europe/Berlin"


FORMS: Mapping[str, Mapping[str, Form]] = {
    "core.v1.PodSpec": {
        "hostname": label,
        "subdomain": label,
        "nodeName": subdomain,
        "priorityClassName": subdomain,
        "runtimeClassName": subdomain,
        "serviceAccountName": subdomain,
    },
    "core.v1.HostAlias": {"ip": ip},
    "core.v1.HTTPHeader": {"name": header},
    "core.v1.PodReadinessGate": {"conditionType": qualified_name},
    "core.v1.PodSchedulingGate": {"name": qualified_name},
    "core.v1.Volume": {"name": label},
    "core.v1.VolumeMount": {"subPath": relative_path},
    "core.v1.KeyToPath": {"key": config_key, "path": relative_path},
    "core.v1.ConfigMapKeySelector": {"key": config_key, "name": subdomain},
    "core.v1.SecretKeySelector": {"key": config_key, "name": subdomain},
    "core.v1.ConfigMapEnvSource": {"name": subdomain},
    "core.v1.SecretEnvSource": {"name": subdomain},
    "core.v1.ConfigMapVolumeSource": {"name": subdomain},
    "core.v1.SecretVolumeSource": {"secretName": subdomain},
    "core.v1.PersistentVolumeClaimVolumeSource": {"claimName": subdomain},
    "core.v1.PersistentVolumeClaimSpec": {"storageClassName": subdomain, "volumeName": subdomain},
    "core.v1.Toleration": {"key": qualified_name, "value": label_value},
    "core.v1.TopologySpreadConstraint": {"topologyKey": qualified_name},
    "core.v1.PodAffinityTerm": {"topologyKey": qualified_name},
    "core.v1.NodeSelectorRequirement": {"key": qualified_name},
    "core.v1.ServicePort": {"name": label},
    "meta.v1.LabelSelectorRequirement": {"key": qualified_name},
    "apps.v1.StatefulSetSpec": {"serviceName": label},
    "batch.v1.CronJobSpec": {"schedule": schedule, "timeZone": time_zone},
    "networking.v1.IngressSpec": {"ingressClassName": subdomain},
    "networking.v1.IngressServiceBackend": {"name": label},
}
"""The format of each text, by type and field."""
