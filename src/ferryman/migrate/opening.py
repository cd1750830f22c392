"""Makes the shifter, the observer and the store that the settings name.

A package that only one of them needs (boto3, the Kubernetes client) is imported on use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from ferryman.core.errors import ConfigError
from ferryman.migrate.observers import Observer, SideObserver
from ferryman.migrate.options import MigrateOptions, SideOptions
from ferryman.migrate.shifters import Shifter
from ferryman.migrate.stores import Store

if TYPE_CHECKING:
    from ferryman.migrate.shifters.haproxy import HAProxy

__all__ = ("make_observer", "make_shifter", "make_store", "side_of")

_PLACE = "[tool.ferryman.migrate]"
_Value = TypeVar("_Value", str, tuple[str, ...])


def side_of(options: MigrateOptions, name: str) -> SideOptions:
    """Return a side's settings; empty ones if it has none."""
    return options.sides.get(name, SideOptions())


def make_store(options: MigrateOptions, root: Path) -> Store:
    """Return the store of the state.

    Raises:
        ConfigError: The address is neither a file nor an S3 object.
    """
    if "://" not in options.state:
        from ferryman.migrate.stores.file import FileStore

        return FileStore(root / options.state)
    address = urlsplit(options.state)
    key = address.path.lstrip("/")
    if address.scheme != "s3" or not address.netloc or not key:
        raise ConfigError(
            f"{_PLACE} state: '{options.state}' is neither a file nor s3://BUCKET/KEY"
        )
    from ferryman.migrate.stores.s3 import S3Store

    return S3Store(_client(options, "s3"), address.netloc, key)


def make_shifter(options: MigrateOptions, old: str, new: str) -> Shifter:
    """Return the shifter that changes the weight.

    Args:
        options: The settings.
        old: The old side.
        new: The new side.

    Raises:
        ConfigError: A required setting is missing.
    """
    shifter = _SHIFTERS[options.shifter](options, old, new)
    addresses = side_of(options, old).health, side_of(options, new).health
    if any(addresses):
        from ferryman.migrate.shifters.probed import Probed

        return Probed(shifter, *addresses)
    return shifter


def make_observer(options: MigrateOptions, old: str, new: str) -> Observer:
    """Return the observer that counts the answers.

    Raises:
        ConfigError: A required setting is missing, or the log's address cannot be bound.
    """
    if options.observer == "haproxy":
        return _haproxy_observer(options, old, new)
    if options.observer == "command":
        from ferryman.migrate.observers.command import CommandObserver

        command = _given(options.command.observe, "command.observe", '["./totals.py"]')
        return CommandObserver(command, options.command.timeout)
    from ferryman.migrate.observers import TwoSides

    return TwoSides(_side_observer(options, old), _side_observer(options, new))


def _haproxy_shifter(options: MigrateOptions, old: str, new: str) -> Shifter:
    from ferryman.migrate.shifters.haproxy import HAProxyShifter

    return HAProxyShifter(_haproxy(options), _servers(options, old), _servers(options, new))


def _command_shifter(options: MigrateOptions, old: str, new: str) -> Shifter:
    from ferryman.migrate.shifters.command import CommandShifter

    return CommandShifter(
        _given(options.command.read, "command.read", '["./weight.sh"]'),
        _given(options.command.write, "command.write", '["./set-weight.sh"]'),
        old,
        new,
        options.command.timeout,
    )


def _alb_shifter(options: MigrateOptions, old: str, new: str) -> Shifter:
    from ferryman.migrate.shifters.alb import BalancerShifter

    groups = [
        _given(side_of(options, name).target_group, f"sides.{name}.target_group", '"arn:aws:..."')
        for name in (old, new)
    ]
    rule = _given(options.alb.rule, "alb.rule", '"arn:aws:...:listener-rule/app/..."')
    return BalancerShifter(
        _client(options, "elbv2"), rule, groups[0], groups[1], options.alb.settle
    )


def _route_shifter(options: MigrateOptions, old: str, new: str) -> Shifter:
    from ferryman.migrate.shifters.route import open_route

    services = [
        _given(side_of(options, name).service, f"sides.{name}.service", '"app:80"')
        for name in (old, new)
    ]
    name = _given(options.route.name, "route.name", '"app"')
    place = options.route
    return open_route(place.context, place.namespace, name, place.rule, services[0], services[1])


def _alias_shifter(options: MigrateOptions, old: str, new: str) -> Shifter:
    from ferryman.migrate.shifters.alias import AliasShifter

    versions = [
        _given(side_of(options, name).version, f"sides.{name}.version", '"7"')
        for name in (old, new)
    ]
    function = _given(options.alias.function, "alias.function", '"app"')
    return AliasShifter(
        _client(options, "lambda"), function, options.alias.name, versions[0], versions[1]
    )


_SHIFTERS: Mapping[str, Callable[[MigrateOptions, str, str], Shifter]] = {
    "haproxy": _haproxy_shifter,
    "command": _command_shifter,
    "alb": _alb_shifter,
    "route": _route_shifter,
    "alias": _alias_shifter,
}


def _haproxy_observer(options: MigrateOptions, old: str, new: str) -> Observer:
    olds, news = _servers(options, old), _servers(options, new)
    if not options.haproxy.log:
        from ferryman.migrate.observers.haproxy_counters import HAProxyCounters

        return HAProxyCounters(_haproxy(options), olds, news)
    from ferryman.migrate.observers.haproxy_log import HAProxyLog

    host, _, port = options.haproxy.log.rpartition(":")
    if not port.isdigit():
        raise ConfigError(f"{_PLACE} haproxy.log: '{options.haproxy.log}' is not HOST:PORT")
    return HAProxyLog(
        (host, int(port)),
        options.haproxy.backend,
        olds,
        news,
        by_client=options.haproxy.count_clients_once,
        patience=max(1, round(options.baseline_wait / options.look)),
    )


def _side_observer(options: MigrateOptions, name: str) -> SideObserver:
    side = side_of(options, name)
    if side.metrics:
        from ferryman.migrate.observers.metrics import Metrics

        return Metrics(side.metrics)
    if options.observer == "metrics":
        _given(side.metrics, f"sides.{name}.metrics", '"http://127.0.0.1:9090/metrics"')
    from ferryman.migrate.observers.cloudwatch import CloudWatch, dimensions_of

    return CloudWatch(_client(options, "cloudwatch"), dimensions_of(options, side, name))


def _haproxy(options: MigrateOptions) -> HAProxy:
    from ferryman.migrate.shifters.haproxy import HAProxy

    return HAProxy(options.haproxy.socket, options.haproxy.backend)


def _servers(options: MigrateOptions, name: str) -> tuple[str, ...]:
    """Return the names of a side's servers: by default the side's own."""
    return side_of(options, name).servers or (name,)


def _given(value: _Value, key: str, example: str) -> _Value:
    if not value:
        raise ConfigError(
            f"pyproject.toml {_PLACE}: {key} is not set", hint=f"set it, such as {key} = {example}"
        )
    return value


def _client(options: MigrateOptions, service: str) -> Any:
    """Return boto3's client of a service.

    Raises:
        ConfigError: boto3 is not installed, or no region is known.
    """
    from ferryman.aws.session import open_session

    return open_session(options.region or None, options.profile or None).client(service)
