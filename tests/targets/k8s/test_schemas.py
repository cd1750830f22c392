from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from scripts.reference.manifests import EXAMPLE, EXAMPLES

from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.misfits import find_misfits
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.rendering import render_objects
from ferryman.targets.k8s.schemas import check_version, offered_versions
from ferryman.targets.k8s.values import Values
from ferryman.targets.k8s.versions import choose

SUPPORTED = tuple(f"1.{minor}" for minor in range(30, 38))


def misfits(document: Any, version: str = "1.37") -> list[str]:
    """Return what of a document does not fit, each with its place."""
    return [f"{path}: {reason}" for path, reason in find_misfits(document, version)]


def deployment() -> Any:
    return render_objects(EXAMPLE)["deployment.yaml"]


@pytest.mark.parametrize("version", SUPPORTED)
@pytest.mark.parametrize("values", EXAMPLES, ids=["gateway", "ingress", "keda", "knative"])
def test_the_manifests_fit_every_version(version: str, values: Values) -> None:
    options = KubernetesOptions(kube_version=version, user_namespaces=True, same_zone=True)
    check_version(version, "test")
    for document in render_objects(replace(values, chosen=choose(options))).values():
        assert misfits(document, version) == []


def test_a_field_is_left_out_because_the_schema_has_it_not() -> None:
    (said,) = misfits(render_objects(EXAMPLE)["service.yaml"], "1.29")
    assert said.startswith("spec.trafficDistribution: there is no field trafficDistribution")


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


CONTAINER = ("spec", "template", "spec", "containers", 0)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (
            (*CONTAINER, "imagePullPolcy"),
            "Always",
            "spec.template.spec.containers[0].imagePullPolcy: there is no field imagePullPolcy; "
            "did you mean imagePullPolicy?",
        ),
        (("spec", "Replicas"), 2, "did you mean replicas?"),
        (("spec", "replicas"), "2", 'spec.replicas: "2" must be a whole number; write 2 without'),
        (("spec", "replicas"), 2.5, "2.5 must be a whole number"),
        (("spec", "paused"), "yes", '"yes" must be true or false; write true'),
        ((*CONTAINER, "image"), 1, 'write it in quotes: "1"'),
        ((*CONTAINER, "args"), "serve", 'must be a list; write a list: ["serve"]'),
        ((*CONTAINER, "resources"), [], "must be a mapping; remove the dashes"),
        ((*CONTAINER, "ports"), {}, "must be a list; begin each item with a dash"),
        (("metadata", "labels", "version"), True, 'write it in quotes: "true"'),
        (("kind",), "Deploymnet", "has no kind Deploymnet in apiVersion apps/v1; did you mean Dep"),
        (("apiVersion",), "apps/v2", "has no kind Deployment in apiVersion apps/v2; did you mean"),
        (("apiVersion",), "extensions/v1beta1", "did you mean apps/v1?"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_what_was_meant(
    path: tuple[str | int, ...], value: object, said: str
) -> None:
    document = deployment()
    node = document
    for part in path[:-1]:
        node = node[part]
    node[path[-1]] = value
    (told,) = misfits(document)
    assert said in told


def test_a_missing_field_is_refused() -> None:
    document = deployment()
    del document["spec"]["selector"]
    assert misfits(document) == ["spec.selector: selector is missing"]


def test_each_mistake_of_an_object_is_told() -> None:
    document = deployment()
    document["spec"] |= {"replcas": 2, "paused": "x"}
    assert len(misfits(document)) == 2


@pytest.mark.parametrize("field", ["apiVersion", "kind"])
def test_a_document_that_does_not_say_what_it_is_is_refused(field: str) -> None:
    document = deployment()
    del document[field]
    (said,) = misfits(document)
    assert "has no kind" in said


@pytest.mark.parametrize(
    ("values", "file", "change", "said"),
    [
        (EXAMPLES[0], "http-route.yaml", {"hostname": "a"}, "did you mean hostnames?"),
        (EXAMPLES[0], "http-route.yaml", {"hostnames": "a"}, "must be a list"),
        (EXAMPLES[3], "knative-service.yaml", {"tempalte": {}}, "did you mean template?"),
    ],
)
def test_kinds_that_others_bring_have_schemas_too(
    values: Values, file: str, change: dict[str, Any], said: str
) -> None:
    document = render_objects(values)[file]
    document["spec"] |= change
    assert said in misfits(document)[0]


def test_what_knative_does_not_take_of_a_pod_is_refused() -> None:
    document = render_objects(EXAMPLES[3])["knative-service.yaml"]
    document["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = 5
    assert "terminationGracePeriodSeconds" in misfits(document)[0]
