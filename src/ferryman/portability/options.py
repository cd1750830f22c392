"""The settings of `ferryman check`: `[tool.ferryman.portability]`."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ferryman.portability.rule_catalog import RULES
from ferryman.records.suggestion import did_you_mean

__all__ = ("RUFF_CODE", "Ignored", "PortabilityOptions")

_MODEL = ConfigDict(extra="forbid", frozen=True)

RUFF_CODE = re.compile(r"(ASYNC|RUF)\d{3}")
"""Matches the codes of ruff's findings."""


class Ignored(BaseModel):
    """A finding to ignore."""

    model_config = _MODEL

    code: str
    where: str = "*"
    reason: str = Field(min_length=1)

    @field_validator("code")
    @classmethod
    def _known(cls, code: str) -> str:
        if code not in RULES and not RUFF_CODE.fullmatch(code):
            raise ValueError(
                f"there is no finding {code!r}"
                + (f": {guess}" if (guess := did_you_mean(code, RULES)) else "")
            )
        return code


class PortabilityOptions(BaseModel):
    """The keys of `[tool.ferryman.portability]`."""

    model_config = _MODEL

    targets: tuple[str, ...] = Field(
        default=(),
        description="The targets on which the app should run, such as lambda:alb; by default all "
        "installed targets. If only one is named, -t is not needed.",
    )
    requests: str | None = Field(
        default=None,
        description="The file of requests to send, TOML or HAR, in the project's directory; by "
        "default requests.toml if it exists, otherwise a GET of each route without parameters.",
    )
    database_connections: int | None = Field(
        default=None,
        ge=1,
        description="How many connections the database accepts. Pools that may open more are "
        "reported.",
    )
    ignore: tuple[Ignored, ...] = Field(
        default=(),
        description="Findings to ignore: tables with code, where (a file, a file and line, or a "
        "pattern) and reason.",
    )
