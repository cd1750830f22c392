"""What the build decided for an environment, read from the baked settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ferryman.core.errors import ConfigError

__all__ = ("EnvironmentOptions", "streamed_sources")

# JSON's types for each type of field.
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
        ConfigError: The value is none of these.
    """
    try:
        return _STREAMED[streaming]
    except KeyError:
        raise ConfigError(
            f"streaming = {streaming!r} is not known to this runtime",
            hint="build the artifact again with the ferryman that runs it",
        ) from None


class EnvironmentOptions(NamedTuple):
    """Options of an execution environment.

    It is a named tuple, because creating a dataclass takes 1 ms of each cold start.

    Attributes:
        streaming: The event sources that receive streamed responses, as `streamed_sources` reads
            it. Each must be configured for streams; the function cannot detect it.
        task_budget: Seconds that a request's tasks have to finish after its response.
        base_path: A path that the gateway adds before the app's path; the runtime removes it.
        warm_path: The path of the warm-up request before a snapshot; empty for none.
        trusted_proxies: Networks of trusted proxies.
        proxy: The headers that they set: a kind of proxy, or names; empty without trusted proxies.
        json_logs: Whether log records have the server's JSON format, with one for each request.
        record: The share of requests to record in the log, with digests of their responses.
        record_bodies: Whether to record their whole bodies.
        log_level: The lowest level of records to write; empty for Lambda's setting.
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
            ConfigError: An option is unknown, or its value has the wrong type.
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
