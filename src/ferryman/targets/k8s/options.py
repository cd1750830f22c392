"""The settings of the Kubernetes target, `[tool.ferryman.k8s]`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ferryman.targets.k8s.syntax import (
    cpu_cores,
    cpu_quantity,
    image_reference,
    memory_quantity,
    namespace_name,
    secret_name,
    variable_name,
)

__all__ = ("OLDEST_VERSION", "KubernetesOptions")

OLDEST_VERSION = "1.30"
"""The oldest Kubernetes that the manifests are for.

Before it a container's preStop hook could sleep only with a feature gate switched on
(KEP-3960), and a cluster without the gate drops the field.
"""


def _number_as_text(value: object) -> object:
    """Let TOML's `cpu = 1` mean the text "1"; what is wrong with it is said later."""
    return str(value) if isinstance(value, int | float) else value


def _recent_version(text: str) -> str:
    match = re.fullmatch(r"1\.([0-9]+)", text)
    if not match:
        raise ValueError("write the version as major.minor, such as 1.37")
    if int(match[1]) < int(OLDEST_VERSION.partition(".")[2]):
        raise ValueError(
            f"the manifests need Kubernetes {OLDEST_VERSION} or newer, "
            "where a preStop hook can sleep"
        )
    return text


Cpu = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(cpu_quantity)]
Memory = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(memory_quantity)]
VariableName = Annotated[str, AfterValidator(variable_name)]
SecretName = Annotated[str, AfterValidator(secret_name)]


class KubernetesOptions(BaseModel):
    """The keys of `[tool.ferryman.k8s]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    image: Annotated[str, AfterValidator(image_reference)] | None = Field(
        default=None,
        description="The image that the pods run, with a tag or a digest; by default name:version "
        "of the project.",
    )
    namespace: Annotated[str, AfterValidator(namespace_name)] | None = Field(
        default=None,
        description="The namespace that is written into the manifests; by default none, and "
        "kubectl decides.",
    )
    replicas: int = Field(default=2, ge=1, description="How many pods run.")
    cpu: Cpu = Field(
        default="250m",
        description="CPU that is set aside for a pod, in cores (0.5) or thousandths (250m).",
    )
    cpu_limit: Cpu | None = Field(
        default=None,
        description="CPU that a pod may not exceed. By default none: a limit stops a pod for the "
        "rest of each tenth of a second even while the node has CPU to spare.",
    )
    memory: Memory = Field(
        default="256Mi",
        description="Memory that is set aside for a pod, and that it may not exceed.",
    )
    environment: Mapping[VariableName, str] = Field(
        default={},
        description="Environment variables, by name, for everyone to read; what is secret goes "
        "into a Secret.",
    )
    secrets: tuple[SecretName, ...] = Field(
        default=(),
        description="Names of Secrets whose keys become environment variables; where two "
        "have the same key, the later one counts, and environment before both.",
    )
    kube_version: Annotated[str, AfterValidator(_recent_version)] = Field(
        default="1.37",
        description="The Kubernetes, as major.minor, by whose schemas the manifests are checked.",
    )

    @model_validator(mode="after")
    def _limit_covers_request(self) -> Self:
        if self.cpu_limit is not None and cpu_cores(self.cpu_limit) < cpu_cores(self.cpu):
            raise ValueError(f"cpu_limit {self.cpu_limit} is less than cpu {self.cpu}")
        return self
