"""Which nodes run the pods: settings for what everybody would patch otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.targets.k8s.options import KubernetesOptions


def test_the_nodes_are_chosen_by_settings(build: Callable[..., dict[str, Any]]) -> None:
    documents = build(
        node_selector={"kubernetes.io/arch": "arm64"},
        tolerations=["spot=true:NoSchedule", "gpu:NoExecute", "example.com/own"],
        priority_class="important",
        spread="require",
    )
    pod = documents["deployment.yaml"]["spec"]["template"]["spec"]
    assert pod["nodeSelector"] == {"kubernetes.io/arch": "arm64"}
    assert pod["priorityClassName"] == "important"
    assert pod["tolerations"] == [
        {"key": "spot", "operator": "Equal", "value": "true", "effect": "NoSchedule"},
        {"key": "gpu", "operator": "Exists", "effect": "NoExecute"},
        {"key": "example.com/own", "operator": "Exists"},
    ]
    spread = {each["whenUnsatisfiable"] for each in pod["topologySpreadConstraints"]}
    assert spread == {"DoNotSchedule"}


@pytest.mark.parametrize("text", ["", "=true", "spot=true:noSchedule", "a b", ":NoSchedule"])
def test_what_is_no_toleration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write a toleration as key=value:effect"):
        KubernetesOptions(tolerations=(text,))
