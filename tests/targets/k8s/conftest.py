from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.target import KubernetesTarget


@pytest.fixture
def make_project(tmp_path: Path) -> Callable[..., Project]:
    """Make the project shop 1.2.3 with these settings of the target."""

    def make(**options: Any) -> Project:
        flags = {"app": "shop:app", "name": "shop", "version": "1.2.3"}
        project = resolve_project(tmp_path, {"k8s": KubernetesOptions}, flags=flags)
        return replace(project, sections={"k8s": KubernetesOptions(**options)})

    return make


@pytest.fixture
def build(tmp_path: Path, make_project: Callable[..., Project]) -> Callable[..., dict[str, Any]]:
    """Build, and return what was written to the base, by the name of the file."""

    def build(**options: Any) -> dict[str, Any]:
        out = tmp_path / "dist" / "k8s"
        KubernetesTarget().build(make_project(**options), out, lambda _: None)
        return {
            file.name: yaml.safe_load(file.read_text("utf-8")) for file in (out / "base").iterdir()
        }

    return build
