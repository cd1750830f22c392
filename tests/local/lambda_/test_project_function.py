"""The function of a project: as many environments at once as its settings say."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.local.lambda_.project_function import plan_function
from ferryman.project.resolution import resolve_project
from ferryman.targets.registry import installed_targets


@pytest.mark.parametrize(
    ("reserved", "asked", "environments"), [("", None, 10), ("40", None, 40), ("40", 1, 1)]
)
def test_there_are_as_many_environments_as_are_reserved(
    tmp_path: Path, reserved: str, asked: int | None, environments: int
) -> None:
    lines = '[project]\nname = "shop"\nversion = "1"\n[tool.ferryman]\napp = "shop:app"\n'
    if reserved:
        lines += f"[tool.ferryman.lambda.deploy]\nreserved_concurrency = {reserved}\n"
    (tmp_path / "pyproject.toml").write_text(lines)
    (tmp_path / "shop.py").write_text("app = None\n")
    models = {name: target.options for name, target in installed_targets().items()}
    project = resolve_project(tmp_path, models, flags={}, overlay=None)
    found = plan_function(project, tmp_path / "settings.json", environments=asked)
    assert found.environments == environments
