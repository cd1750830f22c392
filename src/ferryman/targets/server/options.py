"""The settings of the server target, `[tool.ferryman.server]`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ("ServerOptions",)


class ServerOptions(BaseModel):
    """The keys of `[tool.ferryman.server]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    workers: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="Worker processes. One event loop fills one CPU, so no more than there are.",
    )
    base_image: str | None = Field(
        default=None,
        min_length=1,
        description="The image to build on; by default python:<python>-slim.",
    )
