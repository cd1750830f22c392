"""What KEDA scales by, `[[tool.ferryman.k8s.keda]]`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ferryman.targets.k8s.syntax import secret_name

__all__ = ("KedaTrigger",)


class KedaTrigger(BaseModel):
    """One of `[[tool.ferryman.k8s.keda]]`: a trigger of a ScaledObject."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")] = Field(
        description="The scaler, as KEDA calls it: redis, prometheus, cron."
    )
    metadata: Mapping[str, str] = Field(description="What the scaler needs, all of it texts.")
    name: str | None = Field(default=None, description="The trigger's name.")
    authentication: Annotated[str, AfterValidator(secret_name)] | None = Field(
        default=None, description="A TriggerAuthentication, by which KEDA logs in."
    )
