"""What the build decided for an environment, read from the baked settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ferryman.core.errors import ConfigError

__all__ = ("EnvironmentOptions", "streamed_sources")

# What JSON makes of each type of field.
_KINDS: dict[type, tuple[type, ...]] = {
    bool: (bool,),
    float: (int, float),
    str: (str,),
    tuple: (list, tuple),
}


_STREAMED: dict[bool | str, tuple[str, ...]] = {
    False: (),
    True: ("function-url",),
    "rest": ("rest-api",),
    "all": ("function-url", "rest-api"),
}


def streamed_sources(streaming: bool | str) -> tuple[str, ...]:
    """Return the names of the event sources that get streams.

    Args:
        streaming: True for a Function URL, `rest` for REST APIs, `all` for both, or False.

    Raises:
        ConfigError: The value is not one of them.
    """
    try:
        return _STREAMED[streaming]
    except KeyError:
        raise ConfigError(
            f"streaming = {streaming!r} is not known to this runtime",
            hint="build the artifact again with the ferryman that runs it",
        ) from None


class EnvironmentOptions(NamedTuple):
    """How an environment answers and lives.

    It is a named tuple, because a dataclass takes a millisecond of each cold start to make.

    Attributes:
        streaming: To which event sources answers are sent as they are produced, as
            `streamed_sources` reads it. Each must be set to take them so: the function cannot
            tell.
        task_budget: Seconds that tasks started by a request get to finish after its
            response.
        base_path: A path that the gateway puts before the app's own, and that is taken off.
        warm_path: What is asked of the app before a snapshot is taken, so that the snapshot
            holds a warm one; empty for nothing.
        trusted_proxies: Networks of proxies whose word on the client is taken.
        proxy: The headers that they set: a kind of proxy, or names; empty where none is trusted.
        json_logs: Whether log records have the shape that a server gives them, and each request
            has one.
        record: The part of the requests that is kept in the log, with digests of the answers.
        record_bodies: Whether their bodies are kept whole.
        log_level: The least level of records that are written; empty for what Lambda says.
    """

    streaming: bool | str = False
    task_budget: float = 5.0
    base_path: str = ""
    warm_path: str = "/"
    trusted_proxies: tuple[str, ...] = ()
    proxy: str | tuple[str, ...] = ()
    json_logs: bool = False
    record: float = 0.0
    record_bodies: bool = False
    log_level: str = ""

    @classmethod
    def from_settings(cls, options: Mapping[str, object]) -> EnvironmentOptions:
        """Read the options of baked settings.

        Raises:
            ConfigError: One of them is of another type, or unknown.
        """
        kinds = {name: _KINDS[type(default)] for name, default in cls._field_defaults.items()}
        kinds["proxy"] = (str, list, tuple)
        kinds["streaming"] = (bool, str)
        for name, value in options.items():
            kind = kinds.get(name)
            if kind is None or not isinstance(value, kind):
                raise ConfigError(
                    f"the baked option '{name}' is not one that this runtime knows",
                    cause=f"it is {value!r}",
                    hint="build the artifact again with the ferryman that runs it",
                )
        plain = {n: tuple(v) if isinstance(v, list) else v for n, v in options.items()}
        return cls(**plain)  # type: ignore[arg-type]
