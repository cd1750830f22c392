"""The user's patch: merged as Kubernetes merges, and held to the same rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.core.errors import BuildError, ConfigError
from ferryman.project.project import Project
from ferryman.targets.k8s.patching import merge
from ferryman.targets.k8s.schemas import resource_schema
from ferryman.targets.k8s.target import KubernetesTarget

Build = Callable[..., dict[str, Any]]


@pytest.fixture
def patched(tmp_path: Path, build: Build) -> Callable[..., dict[str, Any]]:
    """Build with a patch of this text."""

    def patched(text: str, **options: Any) -> dict[str, Any]:
        (tmp_path / "patch.yaml").write_text(text, encoding="utf-8")
        return build(patch="patch.yaml", **options)

    return patched


def pod(text: str) -> str:
    lines = "".join(f"      {line}\n" for line in text.splitlines())
    return f"kind: Deployment\nspec:\n  template:\n    spec:\n{lines}"


def test_a_container_is_merged_by_its_name(patched: Build) -> None:
    documents = patched(
        pod("containers:\n- name: shop\n  livenessProbe: null\n- name: side\n  image: side:1\n")
        + SECURE
    )
    first, second = documents["deployment.yaml"]["spec"]["template"]["spec"]["containers"]
    assert (first["name"], second["name"]) == ("shop", "side")
    assert "livenessProbe" not in first
    assert first["image"] == "shop:1.2.3"


SECURE = """\
        securityContext:
          allowPrivilegeEscalation: false
          capabilities: {drop: [ALL]}
"""


def test_several_objects_can_be_patched_in_one_file(patched: Build) -> None:
    documents = patched(
        "kind: Service\nspec: {type: NodePort}\n---\n"
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: shop}\n"
        "spec: {maxUnavailable: 2}\n",
        replicas=4,
    )
    assert documents["service.yaml"]["spec"]["type"] == "NodePort"
    assert documents["pod-disruption-budget.yaml"]["spec"]["maxUnavailable"] == 2


DEPLOYMENT = {
    "spec": {
        "template": {
            "spec": {
                "containers": [{"name": "a", "args": ["1", "2"], "env": [{"name": "X"}]}],
                "volumes": [{"name": "v"}, {"name": "w"}],
                "nodeSelector": {"a": "1"},
            }
        }
    }
}


@pytest.mark.parametrize(
    ("patch", "wanted"),
    [
        ({"nodeSelector": {"b": "2"}}, {"nodeSelector": {"a": "1", "b": "2"}}),
        ({"nodeSelector": None}, {"nodeSelector": None}),
        ({"nodeSelector": {"$patch": "replace", "b": "2"}}, {"nodeSelector": {"b": "2"}}),
        ({"nodeSelector": {"$patch": "delete"}}, {"nodeSelector": None}),
        ({"volumes": [{"name": "v", "$patch": "delete"}]}, {"volumes": [{"name": "w"}]}),
        ({"volumes": [{"$patch": "replace"}, {"name": "n"}]}, {"volumes": [{"name": "n"}]}),
        (
            {"containers": [{"name": "a", "args": ["3"]}]},
            {"containers": [{"name": "a", "args": ["3"], "env": [{"name": "X"}]}]},
        ),
        (
            {"containers": [{"name": "a", "env": [{"name": "Y", "value": "1"}]}]},
            {
                "containers": [
                    {
                        "name": "a",
                        "args": ["1", "2"],
                        "env": [{"name": "X"}, {"name": "Y", "value": "1"}],
                    }
                ]
            },
        ),
        ({"tolerations": [{"key": "a"}]}, {"tolerations": [{"key": "a"}]}),
    ],
)
def test_lists_and_mappings_merge_as_kubernetes_says(
    patch: dict[str, Any], wanted: dict[str, Any]
) -> None:
    schema = resource_schema("apps/v1", "Deployment", "1.37")
    assert schema is not None
    merged = merge(DEPLOYMENT, {"spec": {"template": {"spec": patch}}}, schema, "1.37")
    spec = merged["spec"]["template"]["spec"]
    assert {key: spec.get(key) for key in wanted} == wanted
    before = DEPLOYMENT["spec"]["template"]["spec"]
    assert {k: v for k, v in spec.items() if k not in wanted} == {
        k: v for k, v in before.items() if k not in wanted
    }


def test_a_patch_that_is_merged_twice_changes_nothing_more() -> None:
    schema = resource_schema("apps/v1", "Deployment", "1.37")
    assert schema is not None
    patch = {"spec": {"template": {"spec": {"volumes": [{"name": "n"}]}}}}
    once = merge(DEPLOYMENT, patch, schema, "1.37")
    assert merge(once, patch, schema, "1.37") == once != DEPLOYMENT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kind: Deploymnet\n", "there is no Deploymnet to patch"),
        ("kind: Deployment\nmetadata: {name: other}\n", "there is no Deployment/other to patch"),
        ("kind: Service\napiVersion: v2\n", "there is no Service to patch"),
        ("kind: Service\nmetadata: {namespace: b}\n", "changes the namespace of Service/shop"),
        (
            "kind: Service\nmetadata: {labels: {app.kubernetes.io/managed-by: null}}\n",
            "changes labels of Service/shop",
        ),
        ("kind: Service\nmetadata: {labels: null}\n", "changes labels of Service/shop"),
        ("spec: {}\n", "a patch has no kind"),
        ("- 1\n", "a patch has no kind"),
        ("kind: [\n", "patch.yaml is not valid YAML"),
        ("kind: Service\nmetadata: name\n", "the metadata of the patch for Service"),
        ("kind: Service\nmetadata: {labels: 5}\n", "the metadata of the patch for Service"),
        ("kind: Service\nspec: {type: A, type: B}\n", "the key type (line 2) appears twice"),
        ("kind: Service\n$patch: frob\n", "$patch: frob is not one of delete, merge, replace"),
        (pod("containers: [web]"), "'web' has no name, which identifies the items of its list"),
        (pod("containers: [null]"), "None has no name"),
        (pod("containers: [{image: 'a:1'}]"), "has no name"),
        (pod("containers: [{name: shop, $patch: drop}]"), "$patch: drop is not one of"),
        (pod("containers: [{name: shop, ports: [80]}]"), "80 has no containerPort"),
    ],
)
def test_a_patch_that_fits_nothing_is_refused(patched: Build, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        patched(text)
    assert said in caught.value.message
    assert "patch.yaml" in caught.value.message


def test_a_patch_adds_labels_and_annotations(patched: Build) -> None:
    text = "kind: Service\nmetadata: {labels: {team: web}, annotations: {a: b}}\n"
    metadata = patched(text)["service.yaml"]["metadata"]
    assert metadata["labels"]["team"] == "web"
    assert metadata["annotations"] == {"a": "b"}


def test_a_patch_that_is_not_there_is_named_with_its_setting(build: Build) -> None:
    with pytest.raises(ConfigError, match=r"missing\.yaml cannot be read"):
        build(patch="missing.yaml")


def test_a_patch_is_held_to_the_schemas(patched: Build) -> None:
    with pytest.raises(BuildError, match="replcas"):
        patched("kind: Deployment\nspec: {replcas: 3}\n")


def test_a_patch_is_held_to_the_rules(patched: Build) -> None:
    with pytest.raises(BuildError) as caught:
        patched(pod("terminationGracePeriodSeconds: 3"))
    assert caught.value.message == "the manifests have 2 mistakes"
    assert "patch.yaml, line 5: K209 Deployment/shop" in str(caught.value.cause)


@pytest.mark.parametrize(
    "text",
    [
        pod("terminationGracePeriodSeconds: 20"),
        pod("containers: [{name: shop, lifecycle: {preStop: {sleep: {seconds: 10}}}}]"),
    ],
)
def test_a_patch_may_not_have_the_server_killed_before_it_has_stopped(
    patched: Build, text: str
) -> None:
    with pytest.raises(ConfigError, match=r"the server is killed after .* and may need"):
        patched(text)


def test_a_patch_may_wait_longer_before_the_stop_if_the_kill_waits_too(patched: Build) -> None:
    hook = "containers: [{name: shop, lifecycle: {preStop: {sleep: {seconds: 15}}}}]"
    documents = patched(pod(f"terminationGracePeriodSeconds: 62\n{hook}"))
    spec = documents["deployment.yaml"]["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] == 62


def test_a_rule_that_is_meant_to_be_broken_is_ignored_and_said(
    patched: Build, make_project: Callable[..., Project]
) -> None:
    patched(pod("hostPID: true"), ignore=("K305",))
    told: list[str] = []
    project = make_project(patch="patch.yaml", ignore=("K305",))
    text = KubernetesTarget().render(project, told.append)
    assert text.startswith("# the rule K305 is ignored\n")
    assert "the rule K305 is ignored" in told
    with pytest.raises(ConfigError, match="there is no rule K999"):
        patched("kind: Service\n", ignore=("K999",))


def test_a_patch_gives_the_same_bytes_whatever_the_order_of_its_keys(patched: Build) -> None:
    one = patched("kind: Service\nspec: {type: NodePort, externalTrafficPolicy: Local}\n")
    other = patched("spec: {externalTrafficPolicy: Local, type: NodePort}\nkind: Service\n")
    assert yaml.dump(one) == yaml.dump(other)
