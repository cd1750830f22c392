"""What the cluster is told, seen in the files that a build writes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.core import serving
from ferryman.targets.k8s.target import KubernetesTarget

Build = Callable[..., dict[str, Any]]


def pod_of(documents: dict[str, Any]) -> Any:
    return documents["deployment.yaml"]["spec"]["template"]["spec"]


def container_of(documents: dict[str, Any]) -> Any:
    (container,) = pod_of(documents)["containers"]
    return container


def test_the_recommended_labels_are_everywhere(build: Build) -> None:
    documents = build()
    expected = {
        "app.kubernetes.io/name": "shop",
        "app.kubernetes.io/instance": "shop",
        "app.kubernetes.io/version": "1.2.3",
        "app.kubernetes.io/managed-by": "ferryman",
    }
    deployment, service = documents["deployment.yaml"], documents["service.yaml"]
    assert deployment["metadata"]["labels"] == expected
    assert deployment["spec"]["template"]["metadata"]["labels"] == expected
    assert service["metadata"]["labels"] == expected


def test_the_selectors_find_the_pods_and_stay_when_the_version_changes(build: Build) -> None:
    documents = build()
    deployment, service = documents["deployment.yaml"], documents["service.yaml"]
    selector = deployment["spec"]["selector"]["matchLabels"]
    assert selector == service["spec"]["selector"]
    assert set(selector) == {"app.kubernetes.io/name", "app.kubernetes.io/instance"}
    assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    for constraint in pod_of(documents)["topologySpreadConstraints"]:
        assert constraint["labelSelector"]["matchLabels"] == selector
        assert constraint["whenUnsatisfiable"] == "ScheduleAnyway"


def test_pods_spread_over_nodes_and_zones(build: Build) -> None:
    constraints = pod_of(build())["topologySpreadConstraints"]
    assert {constraint["topologyKey"] for constraint in constraints} == {
        "kubernetes.io/hostname",
        "topology.kubernetes.io/zone",
    }


def test_a_release_takes_over_without_a_gap(build: Build) -> None:
    spec = build()["deployment.yaml"]["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": 0}
    assert spec["minReadySeconds"] == 10
    assert spec["revisionHistoryLimit"] == 3


def test_the_pod_meets_the_restricted_standard(build: Build) -> None:
    documents = build()
    pod, container = pod_of(documents), container_of(documents)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] == 65532
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_the_pod_gets_nothing_of_the_cluster(build: Build) -> None:
    pod = pod_of(build())
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False


def test_the_directory_that_is_promised_is_an_empty_volume(build: Build) -> None:
    documents = build()
    (mount,) = container_of(documents)["volumeMounts"]
    assert mount["mountPath"] == KubernetesTarget.capabilities.writable
    assert pod_of(documents)["volumes"] == [{"name": mount["name"], "emptyDir": {}}]


@pytest.mark.parametrize("probe", ["startupProbe", "readinessProbe", "livenessProbe"])
def test_probes_and_service_name_a_port_that_exists(build: Build, probe: str) -> None:
    documents = build()
    container = container_of(documents)
    (port,) = container["ports"]
    assert port == {"name": "http", "containerPort": serving.PORT}
    assert container[probe]["tcpSocket"] == {"port": port["name"]}
    (service_port,) = documents["service.yaml"]["spec"]["ports"]
    assert service_port == {"name": "http", "port": 80, "targetPort": port["name"]}


def test_the_kill_comes_after_the_delay_and_the_requests_in_flight(build: Build) -> None:
    documents = build()
    delay = container_of(documents)["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert delay == serving.PRE_STOP_DELAY
    grace = pod_of(documents)["terminationGracePeriodSeconds"]
    assert grace > delay + serving.GRACEFUL_TIMEOUT


def test_memory_is_limited_to_what_is_asked_for_and_cpu_is_not_limited(build: Build) -> None:
    assert container_of(build(cpu="500m", memory="1Gi"))["resources"] == {
        "requests": {"cpu": "500m", "memory": "1Gi"},
        "limits": {"memory": "1Gi"},
    }


def test_cpu_is_limited_where_that_is_asked_for(build: Build) -> None:
    assert container_of(build(cpu_limit="1"))["resources"]["limits"]["cpu"] == "1"


def test_the_image_is_the_projects_name_and_version(build: Build) -> None:
    assert container_of(build())["image"] == "shop:1.2.3"


def test_the_image_is_what_the_project_says_and_nothing_rewrites_it(build: Build) -> None:
    documents = build(image="registry.example.com/shop:7")
    assert container_of(documents)["image"] == "registry.example.com/shop:7"
    assert "images" not in documents["kustomization.yaml"]


def test_replicas(build: Build) -> None:
    assert build(replicas=5)["deployment.yaml"]["spec"]["replicas"] == 5


def test_no_namespace_is_written_unless_there_is_one(build: Build) -> None:
    assert all("namespace" not in document.get("metadata", {}) for document in build().values())


def test_the_namespace_is_written_into_every_object(build: Build) -> None:
    documents = build(namespace="web")
    del documents["kustomization.yaml"]
    assert [document["metadata"]["namespace"] for document in documents.values()] == ["web"] * 2


def test_environment_reaches_the_app_as_it_was_written(build: Build) -> None:
    variables = container_of(build(environment={"B": "$(A) $$ $", "A": "1"}))["env"]
    assert variables == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$$(A) $$$$ $$"},  # Kubernetes halves them
    ]


def test_an_app_without_environment_or_secrets_has_no_such_fields(build: Build) -> None:
    assert not {"env", "envFrom"} & container_of(build()).keys()


def test_secrets_are_named_in_order_and_never_written(build: Build) -> None:
    documents = build(secrets=["shop-db", "a-mail"])
    assert container_of(documents)["envFrom"] == [
        {"secretRef": {"name": "shop-db"}},
        {"secretRef": {"name": "a-mail"}},
    ]
    assert {document["kind"] for document in documents.values()} == {
        "Deployment",
        "Service",
        "Kustomization",
    }


def test_the_kustomization_labels_all_but_no_selectors(build: Build) -> None:
    documents = build()
    kustomization = documents["kustomization.yaml"]
    assert kustomization["resources"] == ["deployment.yaml", "service.yaml"]
    assert kustomization["labels"] == [
        {"includeSelectors": False, "pairs": documents["service.yaml"]["metadata"]["labels"]}
    ]
