"""Scaling by KEDA: a ScaledObject in place of the HorizontalPodAutoscaler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.core.errors import BuildError
from ferryman.targets.k8s.options import KubernetesOptions

QUEUE = {"type": "redis", "metadata": {"listName": "cards", "listLength": "5"}}
SCALED = {"replicas": 0, "max_replicas": 5, "keda": [QUEUE]}


def test_a_scaled_object_takes_the_autoscalers_place(build: Callable[..., Any]) -> None:
    made = build(**{**SCALED, "keda": [{**QUEUE, "authentication": "redis"}]})
    assert "horizontal-pod-autoscaler.yaml" not in made
    assert "replicas" not in made["deployment.yaml"]["spec"]
    spec = made["scaled-object.yaml"]["spec"]
    assert (spec["minReplicaCount"], spec["maxReplicaCount"]) == (0, 5)
    assert spec["scaleTargetRef"] == {"name": "shop"}
    cpu, queue = spec["triggers"]
    assert cpu["metadata"] == {"value": "65"}
    assert queue == {**QUEUE, "authenticationRef": {"name": "redis"}}


def test_a_patch_of_it_is_held_to_its_schema(build: Callable[..., Any], tmp_path: Any) -> None:
    patch = "kind: ScaledObject\nspec: {cooldownPerod: 30}\n"
    (tmp_path / "patch.yaml").write_text(patch, "utf-8")
    with pytest.raises(BuildError) as caught:
        build(**SCALED, patch="patch.yaml")
    assert "did you mean cooldownPeriod?" in str(caught.value.cause)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"keda": [QUEUE]}, "keda needs max_replicas"),
        ({**SCALED, "flavour": "knative"}, "Knative has an autoscaler of its own"),
        ({"replicas": 0, "max_replicas": 5}, "keda can scale to zero"),
        ({**SCALED, "keda": [{**QUEUE, "type": "a b"}]}, "type"),
    ],
)
def test_what_cannot_be_scaled_so_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KubernetesOptions.model_validate(options)
