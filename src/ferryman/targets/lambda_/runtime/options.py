"""What the build decided for an environment, read from the baked settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ferryman.core.errors import ConfigError

__all__ = ("EnvironmentOptions",)

# What JSON makes of each type of field.
_KINDS: dict[type, tuple[type, ...]] = {
    bool: (bool,),
    float: (int, float),
    str: (str,),
    tuple: (list, tuple),
}


class EnvironmentOptions(NamedTuple):
    """How an environment answers and lives.

    It is a named tuple, because a dataclass takes a millisecond of each cold start to make.

    Attributes:
        streaming: Whether answers are sent as they are produced. The Function URL must
            then be of invoke mode RESPONSE_STREAM: the function cannot tell.
        task_budget: Seconds that tasks started by a request get to finish after its
            response.
        base_path: A path that the gateway puts before the app's own, and that is taken off.
        warm_path: What is asked of the app before a snapshot is taken, so that the snapshot
            holds a warm one; empty for nothing.
        trusted_proxies: Networks of proxies whose word on the client is taken.
        json_logs: Whether log records have the shape that a server gives them, and each request
            has one.
    """

    streaming: bool = False
    task_budget: float = 5.0
    base_path: str = ""
    warm_path: str = "/"
    trusted_proxies: tuple[str, ...] = ()
    json_logs: bool = False

    @classmethod
    def from_settings(cls, options: Mapping[str, object]) -> EnvironmentOptions:
        """Read the options of baked settings.

        Raises:
            ConfigError: One of them is of another type, or unknown.
        """
        kinds = {name: _KINDS[type(default)] for name, default in cls._field_defaults.items()}
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
