"""The template: what the function must be told is what the zip was built for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ferryman.core.build.artifact import Artifact
from ferryman.core.build.resolution import resolve_project
from ferryman.targets.lambda_.bundle import HANDLER
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.lambda_.template import function_template


def properties(root: Path, settings: str) -> dict[str, Any]:
    (root / "pyproject.toml").write_text(
        f'[tool.ferryman]\napp = "hello:app"\nname = "hello"\npython = "3.12"\n{settings}'
    )
    project = resolve_project(root, {"lambda": LambdaOptions}, flags={})
    template = json.loads(function_template(project, "hello.zip", HANDLER, "/var/task/bootstrap"))
    found: dict[str, Any] = template["Resources"]["Function"]["Properties"]
    return found


@pytest.mark.parametrize(("value", "mode"), [("true", "RESPONSE_STREAM"), ("false", "BUFFERED")])
def test_one_setting_drives_the_runtime_and_the_url(tmp_path: Path, value: str, mode: str) -> None:
    made = properties(tmp_path, f"[tool.ferryman.lambda]\nstreaming = {value}\n")
    assert made["FunctionUrlConfig"]["InvokeMode"] == mode


def test_the_function_is_what_the_zip_was_built_for(tmp_path: Path) -> None:
    settings = 'architecture = "x86_64"\nmemory = 1024\ntimeout = 12'
    made = properties(tmp_path, f"[tool.ferryman.lambda]\n{settings}\n")
    assert made["Runtime"] == "python3.12"
    assert made["Architectures"] == ["x86_64"]
    assert (made["MemorySize"], made["Timeout"]) == (1024, 12)
    assert made["Environment"]["Variables"]["AWS_LAMBDA_EXEC_WRAPPER"] == "/var/task/bootstrap"


def test_the_url_is_not_public(tmp_path: Path) -> None:
    assert properties(tmp_path, "")["FunctionUrlConfig"]["AuthType"] == "AWS_IAM"


def test_it_lies_beside_the_zip_that_it_names(postcards_bundle: Artifact) -> None:
    template = json.loads(Path(postcards_bundle.path).with_name("template.json").read_text())
    made = template["Resources"]["Function"]["Properties"]
    assert Path(postcards_bundle.path).with_name(made["CodeUri"]).is_file()
