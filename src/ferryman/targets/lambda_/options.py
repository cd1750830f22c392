"""The settings of the Lambda target, `[tool.ferryman.lambda]`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ("LambdaOptions",)


class LambdaOptions(BaseModel):
    """The keys of `[tool.ferryman.lambda]`. The bounds are AWS's, from "Lambda quotas"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    architecture: Literal["arm64", "x86_64"] = Field(
        default="arm64",
        description="The processor the function runs on. arm64 costs a fifth less a second.",
    )
    memory: int = Field(
        default=512, ge=128, le=10240, description="Memory of one environment, in MiB."
    )
    timeout: int = Field(
        default=30, ge=1, le=900, description="Seconds after which an invocation is ended."
    )
    emulator: Path | None = Field(
        default=None,
        description="AWS's Runtime Interface Emulator, which `ferryman serve -t lambda` runs; "
        "by default the one of an installed aws-sam-cli, or aws-lambda-rie on PATH.",
    )
