from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ferryman.core.errors import BuildError, ConfigError
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.reference import EXAMPLE, EXAMPLES
from ferryman.targets.k8s.rendering import render_objects
from ferryman.targets.k8s.schemas import check_document, check_version, offered_versions
from ferryman.targets.k8s.values import Values
from ferryman.targets.k8s.versions import choose

SUPPORTED = tuple(f"1.{minor}" for minor in range(30, 38))


def deployment() -> Any:
    return render_objects(EXAMPLE)["deployment.yaml"]


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("values", EXAMPLES, ids=["gateway", "ingress", "knative"])
def test_the_manifests_fit_every_version(version: str, values: Values) -> None:
    options = KubernetesOptions(kube_version=version, user_namespaces=True, same_zone=True)
    check_version(version, "test")
    for file, document in render_objects(replace(values, chosen=choose(options))).items():
        check_document(document, version, file)


def test_a_field_is_left_out_because_the_schema_has_it_not() -> None:
    with pytest.raises(BuildError, match="trafficDistribution"):
        check_document(render_objects(EXAMPLE)["service.yaml"], "1.29", "service.yaml")


def test_the_version_that_is_taken_by_default_is_offered() -> None:
    assert KubernetesOptions().kube_version in offered_versions()


def test_a_version_without_schemas_is_refused_and_those_with_are_named() -> None:
    with pytest.raises(ConfigError) as caught:
        check_version("1.99", "pyproject.toml [tool.ferryman.k8s] kube_version")
    assert caught.value.message.startswith("pyproject.toml [tool.ferryman.k8s] kube_version: ")
    assert "1.99" in caught.value.message
    for version in SUPPORTED:
        assert version in str(caught.value.cause)
    assert "1.29" not in str(caught.value.cause)


def test_a_misspelt_field_is_refused() -> None:
    document = deployment()
    (container,) = document["spec"]["template"]["spec"]["containers"]
    container["imagePullPolcy"] = "Always"
    with pytest.raises(BuildError) as caught:
        check_document(document, "1.37", "deployment.yaml")
    assert caught.value.message == (
        "deployment.yaml: spec.template.spec.containers[0] is not valid in Kubernetes 1.37"
    )
    assert "imagePullPolcy" in str(caught.value.cause)


def test_a_value_of_the_wrong_type_is_refused() -> None:
    document = deployment()
    document["spec"]["replicas"] = "2"
    with pytest.raises(BuildError, match=r"spec\.replicas is not valid"):
        check_document(document, "1.37", "deployment.yaml")


def test_a_missing_field_is_refused() -> None:
    document = deployment()
    del document["spec"]["selector"]
    with pytest.raises(BuildError, match="'selector' is a required property"):
        check_document(document, "1.37", "deployment.yaml")


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [("apps/v1", "Deploymnet"), ("apps/v2", "Deployment"), ("example.com/v1", "Widget")],
)
def test_an_unknown_kind_is_refused(api_version: str, kind: str) -> None:
    document = {**deployment(), "apiVersion": api_version, "kind": kind}
    with pytest.raises(BuildError, match=f"has no kind {kind} in apiVersion {api_version}"):
        check_document(document, "1.37", "deployment.yaml")


@pytest.mark.parametrize("field", ["apiVersion", "kind"])
def test_a_document_that_does_not_say_what_it_is_is_refused(field: str) -> None:
    document = deployment()
    del document[field]
    with pytest.raises(BuildError, match="has no kind"):
        check_document(document, "1.37", "deployment.yaml")


@pytest.mark.parametrize(
    ("values", "file", "change", "said"),
    [
        (EXAMPLES[0], "http-route.yaml", {"hostname": "a"}, "hostname"),
        (EXAMPLES[0], "http-route.yaml", {"hostnames": "a"}, "array"),
        (EXAMPLES[2], "knative-service.yaml", {"tempalte": {}}, "tempalte"),
    ],
)
def test_kinds_that_others_bring_have_schemas_too(
    values: Values, file: str, change: dict[str, Any], said: str
) -> None:
    document = render_objects(values)[file]
    document["spec"] |= change
    with pytest.raises(BuildError) as caught:
        check_document(document, "1.37", file)
    assert said in str(caught.value.cause)


def test_what_knative_does_not_take_of_a_pod_is_refused() -> None:
    document = render_objects(EXAMPLES[2])["knative-service.yaml"]
    document["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 5
    with pytest.raises(BuildError, match="terminationGracePeriodSeconds"):
        check_document(document, "1.37", "knative-service.yaml")
