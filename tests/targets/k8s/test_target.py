from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.building.artifact import tree_digest
from ferryman.core.errors import BuildError, ConfigError
from ferryman.local.serve_target import serve
from ferryman.project.project import Project
from ferryman.targets.k8s import rendering
from ferryman.targets.k8s.target import KubernetesTarget
from ferryman.targets.protocols import Address, Target

MakeProject = Callable[..., Project]

TARGET: Target = KubernetesTarget()

needs_kubectl = pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")


def ignore(_: str) -> None:
    """Take no notice of what is being done."""


def kubectl(*arguments: str) -> str:
    command = ["kubectl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def written(out: Path) -> list[str]:
    return sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())


def with_fields(project: Project, **fields: object) -> Project:
    return replace(project, fields=project.fields.model_copy(update=fields))


def test_a_build_leaves_a_base_and_says_how_to_apply_it(
    tmp_path: Path, make_project: MakeProject
) -> None:
    out = tmp_path / "my app" / "k8s"
    artifact = TARGET.build(make_project(), out, ignore)
    assert written(out) == [
        "base/deployment.yaml",
        "base/kustomization.yaml",
        "base/network-policy.yaml",
        "base/pod-disruption-budget.yaml",
        "base/service-account.yaml",
        "base/service.yaml",
        "kustomization.yaml",
    ]
    assert (artifact.target, artifact.name, artifact.version) == ("k8s", "shop", "1.2.3")
    assert artifact.path == str(out)
    assert artifact.files == 7
    assert artifact.digest == tree_digest(out)
    assert artifact.start == f"kubectl apply -k '{out}'"


def test_a_build_says_what_it_checks_against(tmp_path: Path, make_project: MakeProject) -> None:
    said: list[str] = []
    TARGET.build(make_project(kube_version="1.31"), tmp_path / "out", said.append)
    assert any("Kubernetes 1.31" in line for line in said)


def test_the_same_project_gives_the_same_bytes(tmp_path: Path, make_project: MakeProject) -> None:
    one = make_project(environment={"A": "1", "B": "2"})
    same = make_project(environment={"B": "2", "A": "1"})
    other = make_project(environment={"A": "1", "B": "3"})
    digests = [
        TARGET.build(project, tmp_path / str(number), ignore).digest
        for number, project in enumerate((one, same, other))
    ]
    assert digests[0] == digests[1] != digests[2]


def test_a_build_that_fails_its_check_leaves_what_was_there(
    tmp_path: Path, make_project: MakeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    render = rendering.render_objects

    def misspelt(values: Any) -> dict[str, Any]:
        objects = render(values)
        objects["service.yaml"]["spec"]["prots"] = []
        return objects

    out = tmp_path / "dist" / "k8s"
    TARGET.build(make_project(), out, ignore)
    before = tree_digest(tmp_path)
    monkeypatch.setattr(rendering, "render_objects", misspelt)
    with pytest.raises(BuildError, match="prots"):
        TARGET.build(make_project(replicas=9), out, ignore)
    assert tree_digest(tmp_path) == before
    with pytest.raises(BuildError, match="prots"):
        TARGET.build(make_project(), tmp_path / "new", ignore)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "3d-shop"}, "set name in [tool.ferryman]"),
        ({"version": "1.0+local"}, "set image in [tool.ferryman.k8s]"),
        ({"version": "latest"}, "set image in [tool.ferryman.k8s]"),
    ],
)
def test_a_name_or_version_that_a_cluster_cannot_take(
    tmp_path: Path, make_project: MakeProject, fields: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        TARGET.build(with_fields(make_project(), **fields), tmp_path / "out", ignore)
    assert next(iter(fields.values())) in caught.value.message
    assert said in str(caught.value.hint)
    assert not (tmp_path / "out").exists()


def test_a_version_that_is_no_tag_builds_where_the_image_is_named(
    tmp_path: Path, make_project: MakeProject
) -> None:
    project = with_fields(make_project(image="shop:1"), version="1.0+local")
    TARGET.build(project, tmp_path / "out", ignore)
    deployment = yaml.safe_load((tmp_path / "out" / "base" / "deployment.yaml").read_text("utf-8"))
    assert deployment["metadata"]["labels"]["app.kubernetes.io/version"] == "1.0_local"


@pytest.mark.parametrize(
    ("options", "named"),
    [({"image": "shop:1"}, "shop:1"), ({}, "shop:1.2.3")],
)
def test_strictness_refuses_an_image_without_digest(
    tmp_path: Path, make_project: MakeProject, options: dict[str, str], named: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        TARGET.build(make_project(strict=True, **options), tmp_path / "out", ignore)
    assert f"the image {named} has no digest" in caught.value.message
    assert f"{named}@sha256:" in str(caught.value.hint)


def test_strictness_takes_a_digest(tmp_path: Path, make_project: MakeProject) -> None:
    image = "registry.example.com/shop:1@sha256:" + "0a" * 32
    TARGET.build(make_project(strict=True, image=image), tmp_path / "out", ignore)
    text = (tmp_path / "out" / "base" / "deployment.yaml").read_text("utf-8")
    assert f'image: "{image}"' in text or f"image: {image}" in text


def test_all_objects_can_be_had_as_one_text(tmp_path: Path, make_project: MakeProject) -> None:
    project = make_project(environment={"A": "1"})
    text = KubernetesTarget().render(project, ignore)
    TARGET.build(project, tmp_path / "out", ignore)
    files = (tmp_path / "out" / "base").glob("[!k]*.yaml")
    written = {d["kind"]: d for d in (yaml.safe_load(f.read_text("utf-8")) for f in files)}
    assert {d["kind"]: d for d in yaml.safe_load_all(text)} == written


def test_what_is_left_out_for_an_older_kubernetes_is_said(
    tmp_path: Path, make_project: MakeProject
) -> None:
    said: list[str] = []
    project = make_project(kube_version="1.32", user_namespaces=True, same_zone=True)
    TARGET.build(project, tmp_path / "out", said.append)
    notes = [line for line in said if line.startswith("Kubernetes 1.32: ")]
    assert ["hostUsers" in notes[0], "PreferClose" in notes[1]] == [True, True]
    comments = "".join(f"# {note}\n" for note in notes)
    kustomization = (tmp_path / "out" / "base" / "kustomization.yaml").read_text("utf-8")
    assert kustomization.startswith(comments)
    assert KubernetesTarget().render(project, ignore).startswith(comments)


def test_a_kubernetes_without_schemas_is_refused(tmp_path: Path, make_project: MakeProject) -> None:
    with pytest.raises(ConfigError, match=r"no schemas for kube_version 1\.99"):
        TARGET.build(make_project(kube_version="1.99"), tmp_path / "out", ignore)


def test_it_cannot_serve_here_and_says_what_can(make_project: MakeProject) -> None:
    with pytest.raises(ConfigError) as caught:
        serve(TARGET, make_project(), Address("127.0.0.1", 0), ignore)
    assert "ferryman serve -t server" in str(caught.value.hint)


def run_python(code: str) -> str:
    command = [sys.executable, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_target_loads_without_the_heavy_packages() -> None:
    loaded = run_python(
        "import sys, ferryman.targets.k8s.target\n"
        "print({name.partition('.')[0] for name in sys.modules} "
        "& {'kubernetes', 'kubernetes_validate', 'yaml', 'jsonschema'})"
    )
    assert loaded.strip() == "set()"


BUILD = 'build(project, root / "out", lambda _: None)'
DEPLOY = "deployment(project, None, None)"


@pytest.mark.parametrize(
    ("package", "call"),
    [
        *((package, BUILD) for package in ("jsonschema", "kubernetes_validate", "yaml")),
        *((package, DEPLOY) for package in ("kubernetes", "urllib3")),
    ],
)
def test_a_missing_package_is_named_with_what_brings_it(
    tmp_path: Path, package: str, call: str
) -> None:
    said = run_python(
        f"""
import sys
from pathlib import Path
sys.modules[{package!r}] = None
from ferryman.project.resolution import resolve_project
from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.target import KubernetesTarget
root = Path({str(tmp_path)!r})
project = resolve_project(root, {{"k8s": KubernetesTarget.options}}, flags={{"app": "shop:app"}})
try:
    KubernetesTarget().{call}
except ConfigError as error:
    print(error)
"""
    )
    assert f"there is no module {package}\n" in said
    assert "pip install 'ferryman[k8s]'" in said
    assert not (tmp_path / "out").exists()


@needs_kubectl
def test_kubectl_builds_the_kustomization(tmp_path: Path, make_project: MakeProject) -> None:
    out = tmp_path / "k8s"
    TARGET.build(make_project(secrets=["shop-db"]), out, ignore)
    built = {
        document["kind"]: document
        for document in yaml.safe_load_all(kubectl("kustomize", str(out)))
    }
    files = [yaml.safe_load(path.read_text("utf-8")) for path in out.glob("base/[!k]*.yaml")]
    assert built == {document["kind"]: document for document in files}


@needs_kubectl
def test_kubectl_reads_every_text_as_a_text(tmp_path: Path, make_project: MakeProject) -> None:
    texts = ["1e3", "y", "No", "0o17", "0x1F", "null", "~", "", " a ", "a\nb\n", "é ☃", "#", "a: b"]
    environment = {f"V{number:02}": text for number, text in enumerate(texts)}
    out = tmp_path / "k8s"
    TARGET.build(make_project(environment=environment), out, ignore)
    local = ("label", "--local", "-o", "json", "-f", str(out / "base" / "config-map.yaml"), "a=b")
    document = json.loads(kubectl(*local))
    assert document["data"] == environment
