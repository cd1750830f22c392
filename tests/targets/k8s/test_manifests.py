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
        "app.kubernetes.io/component": "web",
        "app.kubernetes.io/part-of": "shop",
        "app.kubernetes.io/version": "1.2.3",
        "app.kubernetes.io/managed-by": "ferryman",
    }
    del documents["kustomization.yaml"]
    assert {file for file, d in documents.items() if d["metadata"]["labels"] != expected} == set()
    template = documents["deployment.yaml"]["spec"]["template"]
    assert template["metadata"]["labels"] == expected


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


@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("startupProbe", serving.LIVENESS_PATH),
        ("readinessProbe", serving.READINESS_PATH),
        ("livenessProbe", serving.LIVENESS_PATH),
    ],
)
def test_probes_ask_the_port_that_the_service_does_not_lead_to(
    build: Build, probe: str, path: str
) -> None:
    documents = build()
    container = container_of(documents)
    port, admin = container["ports"]
    assert port == {"name": "http", "containerPort": serving.PORT, "protocol": "TCP"}
    assert admin == {"name": "admin", "containerPort": serving.ADMIN_PORT, "protocol": "TCP"}
    assert container[probe]["httpGet"] == {"path": path, "port": admin["name"]}
    (service_port,) = documents["service.yaml"]["spec"]["ports"]
    assert (service_port["name"], service_port["port"]) == ("http", 80)
    assert service_port["targetPort"] == port["name"]


def test_a_service_monitor_finds_the_metrics_through_the_service(build: Build) -> None:
    labels = {"release": "prometheus"}
    documents = build(service_monitor=True, service_monitor_labels=labels)
    monitor = documents["service-monitor.yaml"]
    assert monitor["metadata"]["labels"]["release"] == "prometheus"
    (endpoint,) = monitor["spec"]["endpoints"]
    assert endpoint["path"] == serving.METRICS_PATH
    service = documents["service.yaml"]
    assert (
        monitor["spec"]["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    )
    (port,) = (port for port in service["spec"]["ports"] if port["name"] == endpoint["port"])
    assert port["targetPort"] == "admin"
    (rule,) = documents["network-policy.yaml"]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == ["http", "admin"]


def test_nobody_but_the_node_reaches_the_metrics_unless_they_are_asked_for(build: Build) -> None:
    documents = build()
    assert "service-monitor.yaml" not in documents
    assert [port["name"] for port in documents["service.yaml"]["spec"]["ports"]] == ["http"]
    (rule,) = documents["network-policy.yaml"]["spec"]["ingress"]
    assert [port["port"] for port in rule["ports"]] == ["http"]


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
    assert {document["metadata"]["namespace"] for document in documents.values()} == {"web"}


def test_environment_reaches_the_app_as_it_was_written(build: Build) -> None:
    documents = build(environment={"B": "$(A) $$ $", "A": "1"})
    settings = documents["config-map.yaml"]
    # Kubernetes expands nothing in what comes from a ConfigMap.
    assert settings["data"] == {"A": "1", "B": "$(A) $$ $"}
    assert settings["immutable"] is True
    sources = container_of(documents)["envFrom"]
    assert sources == [{"configMapRef": {"name": settings["metadata"]["name"]}}]


def test_another_content_has_another_name_and_so_makes_new_pods(build: Build) -> None:
    names = [
        build(environment=environment)["config-map.yaml"]["metadata"]["name"]
        for environment in ({"A": "1"}, {"A": "2"}, {"A": "1"})
    ]
    assert names[0] == names[2] != names[1]
    assert all(name.startswith("shop-") for name in names)


def test_an_app_without_environment_or_secrets_has_no_such_fields(build: Build) -> None:
    documents = build()
    assert not {"env", "envFrom"} & container_of(documents).keys()
    assert "config-map.yaml" not in documents


def test_secrets_are_named_in_order_and_never_written(build: Build) -> None:
    documents = build(secrets=["shop-db", "a-mail"], environment={"A": "1"})
    assert container_of(documents)["envFrom"][:2] == [
        {"secretRef": {"name": "shop-db"}},
        {"secretRef": {"name": "a-mail"}},
    ]
    assert "configMapRef" in container_of(documents)["envFrom"][2], "the last one counts"
    assert "Secret" not in {document["kind"] for document in documents.values()}


def test_the_pods_have_an_account_of_their_own(build: Build) -> None:
    annotations = {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/shop"}
    documents = build(service_account_annotations=annotations)
    account = documents["service-account.yaml"]
    assert account["metadata"]["annotations"] == annotations
    assert account["automountServiceAccountToken"] is False
    assert pod_of(documents)["serviceAccountName"] == account["metadata"]["name"]


def test_an_autoscaler_sets_the_number_of_pods_alone(build: Build) -> None:
    documents = build(replicas=3, max_replicas=9, cpu_target=50)
    assert "replicas" not in documents["deployment.yaml"]["spec"]
    spec = documents["horizontal-pod-autoscaler.yaml"]["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (3, 9)
    assert spec["scaleTargetRef"]["name"] == documents["deployment.yaml"]["metadata"]["name"]
    (metric,) = spec["metrics"]
    assert metric["resource"]["target"] == {"type": "Utilization", "averageUtilization": 50}
    assert spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert spec["behavior"]["scaleDown"]["stabilizationWindowSeconds"] == 300


def test_a_budget_lets_one_pod_go_and_broken_ones_always(build: Build) -> None:
    spec = build()["pod-disruption-budget.yaml"]["spec"]
    assert (spec["maxUnavailable"], spec["unhealthyPodEvictionPolicy"]) == (1, "AlwaysAllow")


def test_a_single_pod_has_no_budget_for_that_could_only_block(build: Build) -> None:
    assert "pod-disruption-budget.yaml" not in build(replicas=1)


def test_nothing_but_the_apps_port_can_be_reached(build: Build) -> None:
    spec = build()["network-policy.yaml"]["spec"]
    assert spec["policyTypes"] == ["Ingress"]
    assert spec["ingress"] == [{"ports": [{"port": "http", "protocol": "TCP"}]}]
    assert "network-policy.yaml" not in build(network_policy=False)


def test_where_the_pods_may_connect_to_is_dns_and_what_is_listed(build: Build) -> None:
    spec = build(egress=["10.0.0.0/8:5432", "fd00::/8:443"])["network-policy.yaml"]["spec"]
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    names, *listed = spec["egress"]
    assert {(port["protocol"], port["port"]) for port in names["ports"]} == {
        ("UDP", 53),
        ("TCP", 53),
    }
    found = [(rule["to"][0]["ipBlock"]["cidr"], rule["ports"][0]["port"]) for rule in listed]
    assert found == [("10.0.0.0/8", 5432), ("fd00::/8", 443)]


def test_hosts_go_through_a_gateway_to_the_service(build: Build) -> None:
    documents = build(hosts=["shop.example.com"], gateway="infra/public")
    spec = documents["http-route.yaml"]["spec"]
    assert spec["hostnames"] == ["shop.example.com"]
    assert spec["parentRefs"] == [{"name": "public", "namespace": "infra"}]
    assert spec["rules"][0]["backendRefs"] == [{"name": "shop", "port": 80}]
    assert "ingress.yaml" not in documents
    assert documents["service.yaml"]["spec"]["ports"][0]["port"] == 80


def test_a_gateway_of_the_apps_own_namespace_is_named_without_it(build: Build) -> None:
    documents = build(hosts=["shop.example.com"], gateway="public")
    assert documents["http-route.yaml"]["spec"]["parentRefs"] == [{"name": "public"}]


def test_an_ingress_is_made_on_request(build: Build) -> None:
    documents = build(hosts=["a.example.com"], ingress_class="traefik", tls_secret="a-tls")
    spec = documents["ingress.yaml"]["spec"]
    assert spec["ingressClassName"] == "traefik"
    assert spec["rules"][0]["host"] == "a.example.com"
    assert spec["tls"] == [{"hosts": ["a.example.com"], "secretName": "a-tls"}]
    assert "http-route.yaml" not in documents


def test_knative_runs_the_same_pod_and_scales_to_zero(build: Build) -> None:
    documents = build(flavour="knative", replicas=0, max_replicas=5, environment={"A": "1"})
    assert set(documents) == {
        *("config-map.yaml", "knative-service.yaml", "kustomization.yaml"),
        "service-account.yaml",
    }
    template = documents["knative-service.yaml"]["spec"]["template"]
    assert template["metadata"]["annotations"] == {
        "autoscaling.knative.dev/min-scale": "0",
        "autoscaling.knative.dev/max-scale": "5",
    }
    (container,) = template["spec"]["containers"]
    assert container["securityContext"]["runAsNonRoot"] is True
    assert container["ports"][0]["containerPort"] == serving.PORT
    # Knative's webhook refuses these.
    assert not {"lifecycle", "startupProbe"} & container.keys()
    assert not {"securityContext", "topologySpreadConstraints"} & template["spec"].keys()


@pytest.mark.parametrize(
    ("version", "users", "traffic"),
    [
        ("1.37", False, "PreferSameZone"),
        ("1.34", False, "PreferSameZone"),
        ("1.33", False, "PreferClose"),
        ("1.32", None, "PreferClose"),
        ("1.31", None, "PreferClose"),
        ("1.30", None, None),
    ],
)
def test_what_a_version_does_not_know_is_left_out_or_replaced(
    build: Build, version: str, users: bool | None, traffic: str | None
) -> None:
    documents = build(user_namespaces=True, same_zone=True, kube_version=version)
    assert pod_of(documents).get("hostUsers") is users
    assert documents["service.yaml"]["spec"].get("trafficDistribution") == traffic


def test_the_kustomization_labels_all_but_no_selectors(build: Build) -> None:
    documents = build()
    kustomization = documents["kustomization.yaml"]
    assert kustomization["resources"] == sorted(documents.keys() - {"kustomization.yaml"})
    (labels,) = kustomization["labels"]
    assert labels["includeSelectors"] is False
    assert labels["pairs"].items() <= documents["service.yaml"]["metadata"]["labels"].items()
    assert set(labels["pairs"]) == {
        f"app.kubernetes.io/{name}" for name in ("instance", "managed-by", "part-of")
    }
