"""A function is deployed as an image: pushed to ECR, named by its digest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.aws_stand_in import Run, client, good, stack_there

from ferryman.aws import image_repository
from ferryman.aws.refusals import action_name
from ferryman.building.artifact import Artifact
from ferryman.building.image.container_registry import Repository
from ferryman.core.errors import ConfigError
from ferryman.local.emulator import host_architecture, host_python
from ferryman.targets.lambda_.deploying import code
from ferryman.targets.lambda_.deploying.permissions import CALLS


@pytest.fixture
def digest(lambda_image: Path, aws_stand_in: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a deploy find the image built, and ECR on this machine; return its digest."""
    (top,) = json.loads((lambda_image / "index.json").read_text())["manifests"]
    built = Artifact("lambda", "shop", "1", str(lambda_image), top["digest"], 0, 0, "")

    def here(reference: str) -> Repository:
        return Repository(f"127.0.0.1:{aws_stand_in}/{reference.partition('/')[2]}")

    monkeypatch.setattr(code, "build_image", lambda *_: built)
    monkeypatch.setattr(image_repository, "Repository", here)
    return str(top["digest"])


def test_a_function_runs_the_image_that_was_pushed(
    run: Run, stack: str, digest: str, calls: list[tuple[str, str]]
) -> None:
    words = ("--set", "lambda.image.build=true")
    made = good(run("deploy", *words, "-y"))
    assert made.stdout.startswith(f"release 1  1  {digest[7:19]}")
    called = {action_name(*call) for call in calls} - {"sts:GetCallerIdentity"}
    assert called <= {*CALLS["deploy"], *CALLS["send an image"]}
    assert {a for a in called if a.startswith("ecr:")} <= set(CALLS["send an image"])
    assert not {a for a in called if a.startswith("s3:")}
    function = client("lambda").get_function(FunctionName=stack, Qualifier="live")
    assert function["Configuration"]["PackageType"] == "Image"
    assert function["Code"]["ImageUri"].endswith(f"/shop@{digest}")
    assert run("diff", *words).return_value == 0

    calls.clear()
    good(run("deploy", *words, "--direct"))
    called = {action_name(*call) for call in calls} - {"sts:GetCallerIdentity"}
    assert called <= {*CALLS["deploy --direct"], *CALLS["send an image"]}


def test_its_policy_is_of_the_registry_and_of_no_bucket(run: Run, stack: str) -> None:
    printed = good(run("policy", "--set", "lambda.image.build=true")).stdout
    actions = {
        action: one["Resource"]
        for one in json.loads(printed)["Statement"]
        for action in one["Action"]
    }
    assert actions["ecr:PutImage"] == ["arn:aws:ecr:*:*:repository/shop"]
    assert actions["ecr:SetRepositoryPolicy"] == ["arn:aws:ecr:*:*:repository/shop"]
    assert not [action for action in actions if action.startswith("s3:")]


def test_an_architecture_that_the_interpreter_lacks_is_refused(
    run: Run, stack: str, tmp_path: Path
) -> None:
    (tmp_path / "shop.py").write_text("from aiohttp import web\napp = web.Application()\n")
    there = host_architecture()
    other = {"arm64": "x86_64", "x86_64": "arm64"}[there]
    settings = ("--set", "lambda.image.build=true", "--set", f"lambda.architecture={other}")
    error: Any = run("deploy", *settings, "--python", host_python(), "-y").exception
    assert isinstance(error, ConfigError)
    assert error.message == f"the function runs on {other}, and the interpreter is for {there}"
    assert not stack_there(stack)
