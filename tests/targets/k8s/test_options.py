from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.project.resolution import resolve_project
from ferryman.targets.k8s.options import KubernetesOptions


def resolve(root: Path, section: str) -> KubernetesOptions:
    (root / "pyproject.toml").write_text(f"[tool.ferryman.k8s]\n{section}\n", encoding="utf-8")
    project = resolve_project(root, {"k8s": KubernetesOptions})
    return project.section("k8s", KubernetesOptions)


def test_every_key_has_a_default_and_a_description() -> None:
    KubernetesOptions()
    assert all(field.description for field in KubernetesOptions.model_fields.values())


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ('image = "shop:2"', "image", "shop:2"),
        ("cpu = 1", "cpu", "1"),
        ("cpu = 0.5", "cpu", "0.5"),
        ('cpu = "2"\ncpu_limit = "2000m"', "cpu_limit", "2000m"),
        ('secrets = ["a", "b"]', "secrets", ("a", "b")),
        ('kube_version = "1.30"', "kube_version", "1.30"),
        ('flavour = "knative"\nreplicas = 0', "replicas", 0),
        ('hosts = ["*.example.com"]\ngateway = "a/b"', "hosts", ("*.example.com",)),
        ('egress = ["0.0.0.0/0:443"]', "egress", ("0.0.0.0/0:443",)),
        ("egress = []", "egress", ()),
    ],
)
def test_what_a_project_may_say(tmp_path: Path, section: str, key: str, value: object) -> None:
    assert getattr(resolve(tmp_path, section), key) == value


@pytest.mark.parametrize(
    ("section", "key", "advice"),
    [
        ('image = "shop:latest"', "image", "write shop:1.2.3"),
        ('image = "shop"', "image", "write shop:1.2.3"),
        ("memory = 512", "memory", "write 512Mi"),
        ('memory = "512"', "memory", "write 512Mi"),
        ('cpu = "250Mi"', "cpu", "250m"),
        ("cpu = true", "cpu", "250m"),
        ("replicas = 0", "k8s", 'flavour = "knative", keda or keda_http can scale to zero'),
        ("replicas = -1", "replicas", "greater than or equal to 0"),
        ("replicas = 3\nmax_replicas = 2", "k8s", "max_replicas 2 is less than replicas 3"),
        ("cpu_target = 101", "cpu_target", "less than or equal to 100"),
        ('flavour = "statefulset"', "flavour", "'deployment' or 'knative'"),
        ('hosts = ["https://a.example.com"]', "hosts", "write a host name"),
        ('hosts = ["shop"]', "hosts", "shop.example.com"),
        ('hosts = ["a.example.com"]', "k8s", "hosts need a gateway"),
        ('gateway = "public"', "k8s", "need hosts"),
        ('hosts = ["a.b"]\ngateway = "a"\ningress_class = "b"', "k8s", "are both set"),
        ('hosts = ["a.b"]\ngateway = "a"\ntls_secret = "b"', "k8s", "has its own certificate"),
        ('flavour = "knative"\nhosts = ["a.b"]\ngateway = "a"', "k8s", "a route of its own"),
        ('gateway = "A/b"\nhosts = ["a.b"]', "gateway", "a namespace is"),
        ('network_policy = false\negress = ["10.0.0.0/8:1"]', "k8s", "needs network_policy"),
        (
            'service_monitor = true\nservice_monitor_labels = {"app.kubernetes.io/instance" = "a"}',
            "k8s",
            "ferryman sets app.kubernetes.io/instance itself",
        ),
        ('flavour = "knative"\negress = []', "k8s", "egress is for deployments"),
        ('flavour = "knative"\nuser_namespaces = true', "k8s", "user_namespaces is for"),
        ('flavour = "knative"\nsame_zone = true', "k8s", "same_zone is for deployments"),
        ('egress = ["10.0.0.1/8:5432"]', "egress", "such as 10.0.0.0/8:5432"),
        ('egress = ["10.0.0.0/8"]', "egress", "a network and a port"),
        ('egress = ["db.example.com:5432"]', "egress", "a network and a port"),
        ('namespace = "Web"', "namespace", "lower-case"),
        ('secrets = ["DB_PASSWORD=x"]', "secrets", "never written here"),
        ('kube_version = "1.29"', "kube_version", "1.30 or newer"),
        ('kube_version = "1.37.2"', "kube_version", "major.minor"),
        ('kube_version = "latest"', "kube_version", "major.minor"),
        ("kube_version = 1.3", "kube_version", "in quotes"),
        ('cpu = "2"\ncpu_limit = "500m"', "k8s", "cpu_limit 500m is less than cpu 2"),
    ],
)
def test_what_a_project_may_not_say(tmp_path: Path, section: str, key: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, section)
    assert key in caught.value.message
    assert advice in str(caught.value)


@pytest.mark.parametrize("environment", [{"A-B": "x"}, {"A": 1}])
def test_environment_holds_names_and_texts(environment: object) -> None:
    with pytest.raises(ValueError, match="environment"):
        KubernetesOptions.model_validate({"environment": environment})
