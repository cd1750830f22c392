"""The settings of the Lambda target, `[tool.ferryman.lambda]`."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from ferryman.core.build.image.options import ImageOptions
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

__all__ = ("LambdaOptions", "deployed")


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
    streaming: bool = Field(
        default=False,
        description="Send responses as they are produced. The Function URL must be of invoke "
        "mode RESPONSE_STREAM, and the function start through the bundle's bootstrap.",
    )
    task_budget: float = Field(
        default=5.0,
        ge=0,
        le=900,
        description="Seconds that tasks started by a request get to finish after its response.",
    )
    base_path: str = Field(
        default="",
        pattern=r"^(/[^/?#]+)*$",
        description="A path that the gateway puts before the app's own, such as /api; it is "
        "taken off.",
    )
    warm_path: str = Field(
        default="/",
        pattern=r"^(/[^?#]*)?$",
        description="What is asked of the app before a SnapStart snapshot, by GET; nothing if "
        "empty.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Networks of proxies, such as 10.0.0.0/8, whose word on the client's "
        "address, scheme and host is taken.",
    )
    json_logs: bool = Field(
        default=False,
        description="Write log records as a server does, JSON with the request's id and trace, "
        "and one for each request. Off, for CloudWatch charges for each line.",
    )
    keep: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that ship as their wheels have them, sources and tests "
        "too, as glob patterns of their paths, such as torch/*.",
    )
    drop: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that do not ship, as glob patterns of their paths, such "
        "as babel/locale-data/*. keep goes before drop.",
    )
    provided: tuple[Literal["awslambdaric", "boto3"], ...] = Field(
        default=(),
        description="Packages that are left out, with what they need, because the managed "
        "runtime has its own. AWS chooses their versions.",
    )
    base_image: str | None = Field(
        default=None,
        min_length=1,
        description="The image to build on, where a tool builds one from a Dockerfile; by default "
        "`python:<python>-slim`.",
    )
    image: ImageOptions = Field(
        default=ImageOptions(),
        description="The image, where one is built in place of a zip.",
    )
    check: bool = Field(
        default=True,
        description="Import the app once from the finished bundle, where this machine is of "
        "the function's architecture and has its Python.",
    )
    emulator: Path | None = Field(
        default=None,
        description="AWS's Runtime Interface Emulator, which `ferryman serve -t lambda` runs; "
        "by default the one of an installed aws-sam-cli, or aws-lambda-rie on PATH.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        for network in networks:
            ip_network(network)
        return networks


def deployed(options: LambdaOptions) -> Mapping[str, object]:
    """Return what an artifact bakes for the runtime: those options that it knows."""
    return {name: getattr(options, name) for name in EnvironmentOptions._fields}
