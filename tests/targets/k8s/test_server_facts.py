"""The manifests say of the server what its own settings say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.target import KubernetesTarget
from ferryman.targets.server.options import ServerOptions

Documents = dict[str, Any]


@pytest.fixture
def built(make_project: Callable[..., Project]) -> Callable[..., Documents]:
    """Render the manifests of a project whose server has these settings."""

    def built(kubernetes: Documents | None = None, **server: Any) -> Documents:
        project = make_project()
        sections = {
            "k8s": KubernetesOptions(**(kubernetes or {})),
            "server": ServerOptions(**server),
        }
        text = KubernetesTarget().render(replace(project, sections=sections), lambda _: None)
        return {document["kind"]: document for document in yaml.safe_load_all(text)}

    return built


def container(documents: Documents) -> Documents:
    (found,) = documents["Deployment"]["spec"]["template"]["spec"]["containers"]
    assert isinstance(found, dict)
    return found


def test_ports_are_those_the_server_listens_on(built: Callable[..., Documents]) -> None:
    documents = built({"service_monitor": True}, bind="0.0.0.0:9000", admin_bind="[::]:9001")
    ports = {port["name"]: port["containerPort"] for port in container(documents)["ports"]}
    assert ports == {"http": 9000, "admin": 9001}
    app, metrics = documents["Service"]["spec"]["ports"]
    assert (app["port"], app["targetPort"]) == (80, "http")
    assert (metrics["port"], metrics["targetPort"]) == (9001, "admin")


def test_probes_ask_the_paths_that_the_server_answers(built: Callable[..., Documents]) -> None:
    found = container(built(liveness_path="/healthz", readiness_path="/ready"))
    paths = {name: found[f"{name}Probe"]["httpGet"]["path"] for name in ("liveness", "readiness")}
    assert paths == {"liveness": "/healthz", "readiness": "/ready"}
    assert found["startupProbe"]["httpGet"]["path"] == "/healthz"


def test_the_kill_waits_as_long_as_the_server_may_take(built: Callable[..., Documents]) -> None:
    documents = built(drain_delay=60, graceful_timeout=120.5)
    spec = documents["Deployment"]["spec"]["template"]["spec"]
    # 5 s of preStop, 60 of draining, 120.5 for requests, 3 to cancel, 5 to clean up, 4 to exit.
    assert spec["terminationGracePeriodSeconds"] == 198


def test_without_an_admin_port_probes_ask_the_apps(built: Callable[..., Documents]) -> None:
    found = container(built(admin_bind="", health_on_app_port=True))
    assert [port["name"] for port in found["ports"]] == ["http"]
    assert found["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}


def test_a_server_with_a_certificate_is_asked_by_tls(built: Callable[..., Documents]) -> None:
    tls = {"certificate": "/tls/tls.crt", "private_key": "/tls/tls.key"}
    documents = built(admin_bind="", health_on_app_port=True, **tls)
    assert container(documents)["livenessProbe"]["httpGet"]["scheme"] == "HTTPS"
    assert documents["Service"]["spec"]["ports"][0]["appProtocol"] == "https"
    apart = container(built(**tls))["livenessProbe"]["httpGet"]
    assert (apart["port"], "scheme" in apart) == ("admin", False)


def test_knative_is_told_the_port_and_the_time(built: Callable[..., Documents]) -> None:
    documents = built({"flavour": "knative"}, bind=":9000", graceful_timeout=90)
    spec = documents["Service"]["spec"]["template"]["spec"]
    assert spec["timeoutSeconds"] == 90
    assert spec["containers"][0]["ports"][0]["containerPort"] == 9000
    assert spec["containers"][0]["readinessProbe"]["tcpSocket"]["port"] == 9000


@pytest.mark.parametrize("flavour", ["deployment", "knative"])
def test_the_image_is_pulled_by_the_secrets_that_are_named(
    built: Callable[..., Documents], flavour: str
) -> None:
    def pod(names: tuple[str, ...]) -> Documents:
        documents = built({"flavour": flavour, "pull_secrets": names})
        found = documents["Deployment" if flavour == "deployment" else "Service"]
        spec = found["spec"]["template"]["spec"]
        assert isinstance(spec, dict)
        return spec

    assert pod(("a", "b"))["imagePullSecrets"] == [{"name": "a"}, {"name": "b"}]
    assert "imagePullSecrets" not in pod(())


@pytest.mark.parametrize(
    ("kubernetes", "server", "said"),
    [
        ({}, {"bind": "127.0.0.1:8000"}, "bind: nothing outside the pod could connect"),
        ({}, {"bind": "unix:/run/app.sock"}, "bind: nothing outside the pod could connect"),
        ({}, {"admin_bind": "[::1]:8001"}, "admin_bind: nothing outside the pod"),
        ({}, {"bind": "0.0.0.0:0"}, "port 0 is a different port in each pod"),
        ({}, {"admin_bind": ""}, "has no health checks"),
        (
            {"service_monitor": True},
            {"admin_bind": "", "health_on_app_port": True},
            "has no metrics",
        ),
        (
            {"flavour": "knative"},
            {"certificate": "a.pem", "private_key": "b.pem"},
            "Knative's proxy connects to pods without TLS",
        ),
    ],
)
def test_a_server_that_a_cluster_could_not_use_is_refused(
    built: Callable[..., Documents], kubernetes: Documents, server: Documents, said: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        built(kubernetes, **server)
    assert said in refused.value.message
    assert refused.value.hint
