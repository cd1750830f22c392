"""The settings of the Lambda target, `[tool.ferryman.lambda]`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ferryman.building.image.image_options import ImageOptions
from ferryman.core.proxy_trust import ProxyTrust
from ferryman.targets.lambda_.deploying.options import DeployOptions
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
    streaming: bool | Literal["rest", "all"] = Field(
        default=False,
        description="Send responses as they are produced: true to the Function URL, which must "
        "be of invoke mode RESPONSE_STREAM; rest to REST APIs, whose integration must have the "
        "response transfer mode STREAM; all to both. The function must start through the bundle's "
        "bootstrap. With door = rest-api, true means all.",
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
        description="The path of a GET to the app before a SnapStart snapshot; no request if "
        "empty.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Networks of the proxies in front, such as 10.0.0.0/8, whose headers for the "
        "client's address, scheme and host are trusted.",
    )
    proxy: Literal["nginx", "alb", "cloudfront", "envoy", "traefik"] | tuple[str, ...] = Field(
        default=(),
        description="What the trusted proxies are: nginx, alb, cloudfront, envoy or traefik; or a "
        "list of the headers that they set themselves. Other headers that tell of a client are "
        "taken out of requests.",
    )
    json_logs: bool = Field(
        default=False,
        description="Write log records as a server does, JSON with the request's id and trace, "
        "and one for each request. Off, for CloudWatch charges for each line.",
    )
    record: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="The part of the requests that is kept in the log with a digest of the "
        "answer, for `ferryman migrate verify --from-logs`, such as 0.01. Of most headers the "
        "name alone is kept.",
    )
    record_bodies: bool = Field(
        default=False,
        description="Whether recorded requests keep the bodies, up to 64 KiB, where all "
        "readers of the log see them.",
    )
    log_level: Literal["", "DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="",
        description="The lowest level of log records, such as INFO. By default Lambda's own: "
        "AWS_LAMBDA_LOG_LEVEL, or WARNING. The app cannot set it with logging.basicConfig, because "
        "Lambda has already configured logging.",
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
    slim: bool = Field(
        default=False,
        description="Leave out the tests, type stubs and sources of packages, but for those that "
        "read their own files. Packages that ferryman was tested with are slim always.",
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
    deploy: DeployOptions = Field(
        default=DeployOptions(), description="The function on AWS, and what belongs to it."
    )
    emulator: Path | None = Field(
        default=None,
        description="AWS's Runtime Interface Emulator, which `ferryman serve -t lambda` runs; "
        "by default the one of an installed aws-sam-cli, or aws-lambda-rie on PATH.",
    )

    @model_validator(mode="after")
    def _fit_together(self) -> LambdaOptions:
        ProxyTrust.read("tool.ferryman.lambda", self.trusted_proxies, self.proxy or None)
        return self


def deployed(options: LambdaOptions) -> Mapping[str, object]:
    """Return what an artifact bakes for the runtime: those options that it knows."""
    values = {name: getattr(options, name) for name in EnvironmentOptions._fields}
    if options.streaming is True and options.deploy.door == "rest-api":
        values["streaming"] = "all"
    return values
