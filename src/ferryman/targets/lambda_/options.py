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
        description="The processor architecture of the function. A second on arm64 costs a fifth "
        "less.",
    )
    memory: int = Field(
        default=512, ge=128, le=10240, description="Memory of one environment, in MiB."
    )
    timeout: int = Field(
        default=30, ge=1, le=900, description="Seconds after which Lambda ends an invocation."
    )
    streaming: bool | Literal["rest", "all"] = Field(
        default=False,
        description="Stream responses: true to the Function URL, which must have the invoke mode "
        "RESPONSE_STREAM; rest to REST APIs, whose integration must have the response transfer "
        "mode STREAM; all to both. The function must start with the bootstrap in the zip. With "
        "door = rest-api, true means all.",
    )
    task_budget: float = Field(
        default=5.0,
        ge=0,
        le=900,
        description="Seconds that the tasks of a request have to finish after its response.",
    )
    base_path: str = Field(
        default="",
        pattern=r"^(/[^/?#]+)*$",
        description="The path that the gateway puts in front of the app's own paths, such as /api; "
        "the app gets requests without it.",
    )
    warm_path: str = Field(
        default="/",
        pattern=r"^(/[^?#]*)?$",
        description="The path of a GET request that the app gets before a SnapStart snapshot, to "
        "warm it up; empty for no request.",
    )
    trusted_proxies: tuple[str, ...] = Field(
        default=(),
        description="Networks of the proxies in front, such as 10.0.0.0/8. Their headers for the "
        "client's address, scheme and host are trusted.",
    )
    proxy: Literal["nginx", "alb", "cloudfront", "envoy", "traefik"] | tuple[str, ...] = Field(
        default=(),
        description="The kind of the trusted proxies: nginx, alb, cloudfront, envoy or traefik; or "
        "a list of the headers that they set themselves. All other headers that describe a client "
        "are removed from requests.",
    )
    json_logs: bool = Field(
        default=False,
        description="Write log records as a server does: as JSON with the request's id and trace, "
        "and one record for each request. Off by default, because CloudWatch charges for the "
        "logs.",
    )
    record: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="The share of the requests that the log records with a digest of the response, "
        "such as 0.01, for `ferryman migrate verify --from-logs`. Of most headers it records only "
        "the name.",
    )
    record_bodies: bool = Field(
        default=False,
        description="Record the bodies of these requests too, up to 64 KiB each. All readers of "
        "the log can see them.",
    )
    log_level: Literal["", "DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="",
        description="The lowest level of log records, such as INFO. By default Lambda's own: "
        "AWS_LAMBDA_LOG_LEVEL, or WARNING. The app cannot set it with logging.basicConfig, because "
        "Lambda has already configured logging.",
    )
    keep: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that ship unchanged, also sources and tests, as glob "
        "patterns of their paths, such as torch/*.",
    )
    drop: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that do not ship, as glob patterns of their paths, such "
        "as babel/locale-data/*. keep overrides drop.",
    )
    slim: bool = Field(
        default=False,
        description="Leave out the tests, type stubs and sources of packages, except of packages "
        "that read their own files. Packages that ferryman was tested with are always slim.",
    )
    provided: tuple[Literal["awslambdaric", "boto3"], ...] = Field(
        default=(),
        description="Packages to leave out, with their dependencies, because the managed runtime "
        "has them. AWS chooses their versions.",
    )
    base_image: str | None = Field(
        default=None,
        min_length=1,
        description="The base image of a Dockerfile, if a container tool builds the image; by "
        "default `python:<python>-slim`.",
    )
    image: ImageOptions = Field(
        default=ImageOptions(),
        description="The image, if one is built instead of a zip.",
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
