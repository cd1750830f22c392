"""Objects of the user's own: how they are read, what they get, and what cannot belong."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.core.errors import BuildError, ConfigError
from ferryman.project.resolution import resolve_project
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.planning import find_findings
from ferryman.targets.k8s.target import KubernetesTarget

CLAIM = """
kind: PersistentVolumeClaim
apiVersion: v1
metadata: {name: data}
spec:
  accessModes: [ReadWriteOnce]
  resources: {requests: {storage: 1Gi}}
"""
EXTERNAL = """
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: db, labels: {team: cards}}
spec: {anything: [goes, {here: null}], strategy: blue, selector: x}
"""

Write = Callable[..., None]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(**files: str) -> None:
        (tmp_path / "k8s").mkdir(exist_ok=True)
        for name, text in files.items():
            (tmp_path / "k8s" / f"{name}.yaml").write_text(text, "utf-8")

    return write


@pytest.fixture
def made(make_project: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Return the objects of the project by kind and name."""

    def made(*patterns: str, **options: Any) -> dict[str, Any]:
        project = make_project(objects=patterns or ("k8s/*.yaml",), **options)
        text = KubernetesTarget().render(project, lambda _: None)
        return {f"{d['kind']}/{d['metadata']['name']}": d for d in yaml.safe_load_all(text)}

    return made


def test_they_get_the_labels_and_the_namespace_of_the_release(made: Any, write: Write) -> None:
    write(claim=CLAIM, more=f"{EXTERNAL}---\n---\n{CLAIM.replace('name: data', 'name: more')}")
    objects = made(namespace="web")
    own = objects["Service/shop"]["metadata"]["labels"]
    found = objects["ExternalSecret/db"]["metadata"]
    assert found["namespace"] == "web"
    assert found["labels"] == {
        "team": "cards",
        **{f"app.kubernetes.io/{key}": own[f"app.kubernetes.io/{key}"] for key in KEYS},
    }
    assert objects["ExternalSecret/db"]["spec"]["anything"] == ["goes", {}]
    assert {"PersistentVolumeClaim/data", "PersistentVolumeClaim/more"} <= set(objects)


KEYS = ("instance", "managed-by", "part-of")


def test_a_patch_changes_them_too(made: Any, write: Write, tmp_path: Path) -> None:
    write(claim=CLAIM)
    patch = "kind: PersistentVolumeClaim\nspec: {resources: {requests: {storage: 2Gi}}}\n"
    (tmp_path / "patch.yaml").write_text(patch, "utf-8")
    claim = made(patch="patch.yaml")["PersistentVolumeClaim/data"]
    assert claim["spec"]["resources"]["requests"]["storage"] == "2Gi"


@pytest.mark.parametrize(
    ("text", "line", "code"),
    [
        (CLAIM.replace("1Gi", "1GB"), 7, "K203"),
        (CLAIM.replace("accessModes", "accesModes"), 6, "K001"),
        (CLAIM.replace("ReadWriteOnce", "ReadWriteOnly"), 6, "K003"),
        (EXTERNAL.replace("name: db", "name: D B"), 4, "K101"),
        (EXTERNAL.replace("external-secrets.io", "apps"), 3, "K002"),
        (EXTERNAL.replace("external-secrets.io", "network.k8s.io"), 3, "K002"),
    ],
)
def test_they_are_checked_like_the_others_and_the_line_is_named(
    make_project: Any, write: Write, text: str, line: int, code: str
) -> None:
    write(own=text)
    (found,) = find_findings(make_project(objects=("k8s/own.yaml",)), lambda _: None)
    assert (found.code, found.place) == (code, f"k8s/own.yaml, line {line}")


def test_an_object_under_the_name_of_ours_is_found(made: Any, write: Write) -> None:
    write(own="apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: shop}\n")
    with pytest.raises(BuildError, match="1 mistake") as caught:
        made()
    assert "K104" in str(caught.value.cause)


SECRET = "apiVersion: v1\nkind: Secret\nmetadata: {name: db}\nstringData: {password: hunter2}\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (SECRET, "a Secret cannot belong to a release"),
        (CLAIM.replace("PersistentVolumeClaim", "Namespace"), "is cluster-wide"),
        ("apiVersion: v1\nkind: List\nitems: []\n", "a List cannot belong"),
        ("apiVersion: v1\nkind: SecretList\nitems: []\n", "a SecretList cannot belong"),
        ("kind: Kustomization\napiVersion: v1\n", "a Kustomization cannot belong"),
        ("kind: ConfigMap\n", "the document is not an object"),
        ("- a\n", "the document is not an object"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {generateName: a-}\n", "has no name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: []\n", "has no name"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, labels: 3}\n", "not a mapping"),
        (f"{CLAIM}---{CLAIM}", "is already defined in k8s/own.yaml, line 2"),
        (
            CLAIM.replace("name: data", "name: data, namespace: kube-system"),
            "is in the namespace kube-system",
        ),
        (
            EXTERNAL.replace("team: cards", "app.kubernetes.io/managed-by: Helm"),
            "line 4: the label app.kubernetes.io/managed-by of ExternalSecret/db must be ferryman",
        ),
        ("a: &a {b: *a}\n", "contains itself"),
        ("kind: ConfigMap\nkind: Secret\n", "the key kind (line 2) appears twice"),
    ],
)
def test_what_cannot_belong_to_a_release_is_refused(
    made: Any, write: Write, text: str, said: str
) -> None:
    write(own=text)
    with pytest.raises(ConfigError) as caught:
        made()
    assert "k8s/own.yaml" in caught.value.message
    assert said in caught.value.message
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("pattern", ["/etc/*.yaml", "../*.yaml", "", "k8s/none*.yaml"])
def test_a_pattern_stays_in_the_directory_and_matches(made: Any, pattern: str) -> None:
    with pytest.raises(ConfigError, match=r"leads out of|no file matches"):
        made(pattern)


def test_a_name_leads_to_no_file_outside_the_build(
    make_project: Any, write: Write, tmp_path: Path
) -> None:
    write(own="apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ../../../evil}\n")
    project = make_project(objects=("k8s/*",), ignore=("K101", "K003"))
    KubernetesTarget().build(project, tmp_path / "dist" / "k8s", lambda _: None)
    written = [path.parent.name for path in tmp_path.rglob("*evil*")]
    assert written == ["objects"]


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_a_kustomization_with_a_component_is_built_by_kubectl(
    made: Any, write: Write, tmp_path: Path
) -> None:
    write(claim=CLAIM, kustomization="resources: [claim.yaml]\ncomponents: [more]\n")
    (tmp_path / "k8s" / "more").mkdir()
    component = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: my-\n"
    (tmp_path / "k8s" / "more" / "kustomization.yaml").write_text(component, "utf-8")
    claim = made("k8s")["PersistentVolumeClaim/my-data"]
    assert claim["metadata"]["labels"]["app.kubernetes.io/instance"] == "shop"
    write(claim=CLAIM.replace("accessModes", "accesModes"))
    with pytest.raises(BuildError) as caught:
        made("k8s")
    assert "the output of `kubectl kustomize k8s`, line " in str(caught.value.cause)
    write(kustomization="resources: [none.yaml]\n")
    with pytest.raises(ConfigError, match="`kubectl kustomize k8s` failed"):
        made("k8s")


def test_a_kustomization_needs_a_tool(
    made: Any, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(kustomization="resources: []\n")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ConfigError, match="no tool that builds one is installed"):
        made("k8s")


def test_an_environment_has_its_own(tmp_path: Path, write: Write) -> None:
    write(claim=CLAIM, prod=f"{CLAIM.replace('1Gi', '9Gi')}---{EXTERNAL}")
    settings = '[tool.ferryman]\napp = "shop:app"\nname = "shop"\n[tool.ferryman.k8s]\n'
    settings += 'objects = ["k8s/claim.yaml"]\n'
    settings += '[tool.ferryman.env.prod.k8s]\nobjects = ["k8s/prod.yaml"]\n'
    (tmp_path / "pyproject.toml").write_text(settings, "utf-8")
    project = resolve_project(tmp_path, {"k8s": KubernetesOptions})
    out = tmp_path / "dist" / "k8s"
    KubernetesTarget().build(project, out, lambda _: None)
    base = yaml.safe_load((out / "base" / "kustomization.yaml").read_text("utf-8"))
    assert "objects/persistentvolumeclaim-data.yaml" in base["resources"]
    prod = yaml.safe_load((out / "overlays/prod/kustomization.yaml").read_text("utf-8"))
    added = "objects/externalsecret.external-secrets.io-db.yaml"
    assert prod["resources"] == ["../../base", added]
    assert (out / "overlays/prod" / added).is_file()
    (patch,) = prod["patches"]
    assert "9Gi" in patch["patch"]
