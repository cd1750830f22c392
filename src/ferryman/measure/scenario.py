"""Reads the requests to send: a table with weights, a HAR, an access log, or the routes.

All requests go to the app on this machine: a request for another machine is refused.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from yarl import URL

from ferryman.core.errors import ConfigError, reason_of
from ferryman.measure.log_scenario import read_access_log
from ferryman.measure.request import Request, Scenario
from ferryman.migrate.har import read_har

__all__ = ("merge", "read_access", "read_recorded", "read_table")

_KEYS = {"name", "method", "target", "headers", "status", "varies", "weight"}
_BODIES = {"body", "body_base64", "body_repeat"}


def read_table(path: Path, hosts: Iterable[str] = ()) -> Scenario:
    """Return the scenario in a table of weighted requests, `[[request]]` in TOML or JSON.

    Args:
        path: The file.
        hosts: Host names of the app in the file, besides this machine's.

    Raises:
        ConfigError: The file cannot be read, has no requests, or names another machine.
    """
    return Scenario(path.name, merge(_read_table(path, frozenset(hosts))))


def read_recorded(path: Path, hosts: Iterable[str] = ()) -> Scenario:
    """Return the scenario in a HAR file, with requests weighted by their frequency.

    Args:
        path: The file.
        hosts: Host names of the app in the file, besides this machine's.

    Raises:
        ConfigError: The file cannot be read, has no requests, or names another machine.
    """
    return Scenario(path.name, merge(_read_har(path, frozenset(hosts))))


def read_access(path: Path) -> Scenario:
    """Return the scenario that an access log shows.

    Raises:
        ConfigError: The log cannot be read, or has no request that can be sent again.
    """
    found = read_access_log(path)
    return replace(found, requests=merge(found.requests))


def merge(requests: Iterable[Request]) -> tuple[Request, ...]:
    """Return each distinct request once, with the weights of equal ones added."""
    weights: dict[Request, float] = {}
    for request in requests:
        alike = replace(request, weight=1.0)
        weights[alike] = weights.get(alike, 0.0) + request.weight
    return tuple(replace(request, weight=weight) for request, weight in weights.items())


def _read_table(path: Path, own: frozenset[str]) -> tuple[Request, ...]:
    try:
        read = json.loads if path.suffix.lower() == ".json" else tomllib.loads
        rows = read(path.read_text(encoding="utf-8")).get("request")
    except (OSError, ValueError, RecursionError, AttributeError) as error:
        raise ConfigError(
            f"{path} cannot be read as a table of requests", cause=reason_of(error)
        ) from None
    if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        raise ConfigError(f"{path} has no list 'request' of tables", hint="write [[request]]")
    return tuple(_row(row, f"{path}: request {n}", own) for n, row in enumerate(rows, 1))


def _row(row: Mapping[str, Any], place: str, own: frozenset[str]) -> Request:
    unknown = row.keys() - _KEYS - _BODIES
    if unknown:
        raise ConfigError(
            f"{place}: unknown key '{min(unknown)}'",
            hint=f"the keys are {', '.join(sorted(_KEYS | _BODIES))}",
        )
    try:
        weight = float(row.get("weight", 1))
        if not 0 < weight < float("inf"):
            raise ValueError(f"the weight {weight:g} is not above 0")
        return Request(
            method=str(row.get("method", "GET")),
            target=_local(str(row["target"]), place, own),
            headers=tuple((str(name), str(value)) for name, value in row.get("headers", ())),
            body=_body(row),
            weight=weight,
            status=int(row["status"]) if "status" in row else None,
        )
    except KeyError as error:
        raise ConfigError(f"{place}: it has no {error.args[0]}") from None
    except (ValueError, TypeError, binascii.Error) as error:
        raise ConfigError(f"{place}: it cannot be read", cause=str(error)) from None


def _body(row: Mapping[str, Any]) -> bytes:
    if "body_base64" in row:
        return base64.b64decode(row["body_base64"], validate=True)
    if "body_repeat" in row:
        text, times = row["body_repeat"]
        return bytes(text.encode() * times)
    return str(row.get("body", "")).encode()


def _read_har(path: Path, own: frozenset[str]) -> tuple[Request, ...]:
    recorded = read_har(path)
    entries = json.loads(path.read_text(encoding="utf-8-sig"))["log"]["entries"]
    for number, entry in enumerate(entries, 1):
        _local(str(entry["request"]["url"]), f"{path}: entry {number}", own)
    if not recorded:
        raise ConfigError(f"{path} holds no requests")
    return tuple(
        Request(each.method, each.target, each.headers, each.body or b"", status=each.status)
        for each in recorded
    )


def _local(target: str, place: str, own: frozenset[str]) -> str:
    """Return path and query of a target, which may be a whole address of this machine."""
    if target.startswith("/"):
        return target
    url = URL(target, encoded=True)
    host = url.host or ""
    if host not in own and not _is_loopback(host):
        raise ConfigError(
            f"{place}: {target!r} is not on this machine",
            cause="a measurement sends its load to the app that it starts here, nowhere else",
            hint="write the path alone, or, if the host is the app's own name elsewhere, pass"
            f" --host {host or 'NAME'}",
        )
    return url.raw_path_qs


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
