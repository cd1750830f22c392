"""Scaling by KEDA: a ScaledObject in place of the HorizontalPodAutoscaler."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.core.errors import BuildError
from ferryman.targets.k8s.options import KubernetesOptions

QUEUE = {"type": "redis", "metadata": {"listName": "cards", "listLength": "5"}}
BY_REQUESTS = {
    "replicas": 0,
    "max_replicas": 5,
    "keda_http": 20,
    "hosts": ["shop.example.com"],
    "gateway": "infra/public",
}
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


def test_the_http_add_on_counts_requests_and_holds_them(build: Callable[..., Any]) -> None:
    made = build(**BY_REQUESTS)
    assert "horizontal-pod-autoscaler.yaml" not in made
    route = made["interceptor-route.yaml"]
    assert (route["apiVersion"], route["kind"]) == ("http.keda.sh/v1beta1", "InterceptorRoute")
    assert route["spec"] == {
        "target": {"service": "shop", "port": made["service.yaml"]["spec"]["ports"][0]["port"]},
        "rules": [{"hosts": ["shop.example.com"]}],
        "scalingMetric": {"concurrency": {"targetValue": 20}},
    }
    scaled = made["scaled-object.yaml"]["spec"]
    assert scaled["minReplicaCount"] == 0
    assert scaled["triggers"][1]["type"] == "external-push"
    assert scaled["triggers"][1]["metadata"]["interceptorRoute"] == route["metadata"]["name"]
    (rule,) = made["http-route.yaml"]["spec"]["rules"]
    (backend,) = rule["backendRefs"]
    assert (backend["namespace"], backend["port"]) == ("keda", 8080)


def test_queues_and_requests_scale_together(build: Callable[..., Any]) -> None:
    made = build(**BY_REQUESTS, keda=[QUEUE])
    kinds = [trigger["type"] for trigger in made["scaled-object.yaml"]["spec"]["triggers"]]
    assert kinds == ["cpu", "external-push", "redis"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("scalingMetric: {concurrency: {targetValue: 0}}", "targetValue"),
        ("target: {portName: http}", "target"),
        ("rules: [{host: [a]}]", "did you mean hosts?"),
        ("coldStart: {}", "coldStart"),
    ],
)
def test_a_patch_of_an_interceptor_route_is_held_to_its_schema(
    build: Callable[..., Any], tmp_path: Any, change: str, said: str
) -> None:
    patch = f"kind: InterceptorRoute\nspec: {{{change}}}\n"
    (tmp_path / "patch.yaml").write_text(patch, "utf-8")
    with pytest.raises(BuildError) as caught:
        build(**BY_REQUESTS, patch="patch.yaml")
    assert said in str(caught.value.cause)


def test_a_patch_of_an_interceptor_route_may_set_what_the_add_on_has(
    build: Callable[..., Any], tmp_path: Any
) -> None:
    patch = "kind: InterceptorRoute\nspec: {timeouts: {readiness: 45s}}\n"
    (tmp_path / "patch.yaml").write_text(patch, "utf-8")
    made = build(**BY_REQUESTS, patch="patch.yaml")
    assert made["interceptor-route.yaml"]["spec"]["timeouts"] == {"readiness": "45s"}


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
        ({"replicas": 0, "max_replicas": 5}, "keda or keda_http can scale to zero"),
        ({**BY_REQUESTS, "max_replicas": None}, "keda_http needs max_replicas"),
        ({**BY_REQUESTS, "gateway": None, "ingress_class": "nginx"}, "an Ingress leads to no"),
        ({**BY_REQUESTS, "gateway": None, "hosts": []}, "keda_http needs hosts and a gateway"),
        ({**BY_REQUESTS, "keda_http": 0}, "keda_http"),
        ({**SCALED, "keda": [{**QUEUE, "type": "a b"}]}, "type"),
    ],
)
def test_what_cannot_be_scaled_so_is_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KubernetesOptions.model_validate(options)
