"""A service is deployed, changed, taken back and deleted, on a stand-in for AWS.

The stand-in keeps what ECS is told, and runs no tasks.
"""

from __future__ import annotations

import importlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result
from tests.aws_stand_in import CREDENTIALS, Run, client, good, stack_there

from ferryman.aws import image_repository
from ferryman.aws.change_set import ChangeSet
from ferryman.aws.refusals import action_name
from ferryman.aws.session import Aws, open_session
from ferryman.aws.stack import StackFailed
from ferryman.building.artifact import Artifact
from ferryman.building.image.container_registry import Repository
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.local.emulator import host_python
from ferryman.project.resolution import resolve_project
from ferryman.targets.deployment import Choices, Dialogue
from ferryman.targets.registry import installed_targets
from ferryman.targets.server.deploying import service_image
from ferryman.targets.server.deploying.deployment import open_service
from ferryman.targets.server.deploying.options import ServiceOptions
from ferryman.targets.server.deploying.service_image import ServiceImage, _architecture
from ferryman.targets.server.deploying.service_permissions import SERVICE_CALLS
from ferryman.targets.server.deploying.task_network import network_parameters

ONE, TWO = (f"123456789012.dkr.ecr.us-east-1.amazonaws.com/shop@sha256:{d * 64}" for d in "12")
# To ask who one is takes no permission.
_FREE = {"sts:GetCallerIdentity"}
# What a registry's own requests are allowed by, when they are sent to ECR.
_REGISTRY = {
    ("HEAD", "blobs"): {"ecr:BatchCheckLayerAvailability"},
    ("POST", "blobs"): {"ecr:InitiateLayerUpload"},
    ("PUT", "blobs"): {"ecr:UploadLayerPart", "ecr:CompleteLayerUpload"},
    ("PUT", "manifests"): {"ecr:PutImage"},
}


@pytest.fixture
def run(tmp_path: Path, stack: str) -> Run:
    """Run a verb on the project shop, and return how it went."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\n[tool.ferryman]\napp = "shop:app"\n'
        '[tool.ferryman.server.deploy]\narchitecture = "arm64"\n',
        "utf-8",
    )

    def run(verb: str, *words: str) -> Result:
        command = importlib.import_module(f"ferryman.cli.{verb}").command
        line = ["-t", "server", "-C", str(tmp_path), "--stack", stack, *words]
        return CliRunner().invoke(command, line, standalone_mode=False)

    return run


def service(name: str) -> Any:
    (found,) = client("ecs").describe_services(cluster=name, services=[name])["services"]
    return found


def image_that_runs(name: str) -> str:
    told = client("ecs").describe_task_definition(taskDefinition=service(name)["taskDefinition"])
    return str(told["taskDefinition"]["containerDefinitions"][0]["image"])


def test_from_nothing_to_deleted(run: Run, stack: str) -> None:
    assert run("diff", "--image", ONE).return_value == 1
    assert not stack_there(stack), "a diff leaves nothing"
    made = good(run("deploy", "--image", ONE, "-y"))
    assert made.stdout.startswith("release 1  1  111111111111")
    assert ".elb.amazonaws.com" in made.stdout
    assert "create complete AWS::ECS::Service/Service" in made.stderr
    assert run("diff", "--image", ONE).return_value == 0
    assert "nothing to change" in run("deploy", "--image", ONE, "-y").stderr

    changed = good(run("deploy", "--image", TWO, "-y"))
    assert "REPLACE" not in changed.stderr, "a revision that is replaced is kept"
    assert image_that_runs(stack) == TWO
    assert good(run("rollback")).stdout.startswith("release 1  1  111111111111")
    assert image_that_runs(stack) == ONE
    status = json.loads(run("status", "--json").stdout)
    assert [r["id"] for r in status["releases"]] == ["2", "1"]
    # Nothing drifts by a rollback, and the next deploy is of the newest revision again.
    good(run("deploy", "--image", TWO, "-y"))
    assert image_that_runs(stack) == TWO
    good(run("rollback", "--to", "1"))
    assert isinstance(run("rollback", "--to", "7").exception, ConfigError)

    assert "delete the stack" in run("delete").stderr
    assert stack_there(stack), "nobody agreed"
    assert "LogGroup" not in good(run("delete", "--dry-run")).stdout
    (told,) = client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    outputs = {one["OutputKey"]: one["OutputValue"] for one in told["Outputs"]}
    good(run("delete", "-y"))
    assert not stack_there(stack)
    names = [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]]
    assert outputs["LogGroup"] in names, "the logs stay"
    left = client("ecs").list_task_definitions(familyPrefix=stack, status="ACTIVE")
    assert left["taskDefinitionArns"] == []


def test_the_recorded_calls_are_the_printed_permissions(
    run: Run, stack: str, calls: list[tuple[str, str]]
) -> None:
    def called(verb: str, *words: str) -> set[str]:
        calls.clear()
        result = run(verb, *words)
        assert result.exception is None, result.exception
        return {action_name(*call) for call in calls} - _FREE

    bigger = ("--set", "server.deploy.cpu=512")
    deploy = called("deploy", "--image", ONE)  # nobody agrees
    deploy |= called("deploy", "--image", ONE, "-y")
    diff = called("diff", "--image", TWO, *bigger)
    deploy |= called("deploy", "--image", TWO, *bigger, "-y")
    assert diff <= set(SERVICE_CALLS["diff"])
    assert deploy <= set(SERVICE_CALLS["deploy"])
    # Neither a rollback of a stack that failed, nor tasks that stop, can be provoked here.
    seldom = {"cloudformation:ContinueUpdateRollback", "ecs:DescribeTasks", "ecs:ListTasks"}
    assert set(SERVICE_CALLS["deploy"]) - deploy == seldom
    rollback = called("rollback")
    assert set(SERVICE_CALLS["rollback"]) - rollback == {
        "cloudformation:DeleteChangeSet",
        *seldom,
    } - {"cloudformation:ContinueUpdateRollback"}
    assert rollback <= set(SERVICE_CALLS["rollback"])
    status = called("status")
    assert status <= set(SERVICE_CALLS["status"])
    assert {a for a in SERVICE_CALLS["status"] if a not in status} <= seldom
    assert called("logs") == set(SERVICE_CALLS["logs"])
    assert called("delete", "-y", "--with-logs") == set(SERVICE_CALLS["delete"])


def test_the_template_can_be_reviewed_without_credentials(
    run: Run, stack: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as nobody:
        for name in CREDENTIALS:
            nobody.delenv(name)
        good(run("deploy", "--stack-only"))
    reviewed = json.loads((tmp_path / "dist" / "stack.json").read_text())
    good(run("deploy", "--image", ONE, "-y"))
    live = client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    assert (live if isinstance(live, dict) else json.loads(live)) == reviewed


def test_the_policy_names_the_service_and_no_other(run: Run, stack: str) -> None:
    printed = json.loads(good(run("policy", "--for", "status")).stdout)
    resources = {a: s["Resource"] for s in printed["Statement"] for a in s["Action"]}
    assert resources["ecs:DescribeServices"] == [f"arn:aws:ecs:*:*:service/{stack}/{stack}"]
    assert "ecs:CreateService" not in resources
    deploy = json.loads(good(run("policy")).stdout)
    conditions = [
        s.get("Condition") for s in deploy["Statement"] if "ecs:CreateService" in s["Action"]
    ]
    assert conditions[0]["ForAnyValue:StringEquals"] == {
        "aws:CalledVia": ["cloudformation.amazonaws.com"]
    }


def test_nothing_secret_is_shown_or_written(run: Run, stack: str, tmp_path: Path) -> None:
    words = ("--image", ONE, "--set", 'server.deploy.environment={"TOKEN": "planted-value"}')
    shown = io.StringIO()
    for verb, more in (("diff", words), ("deploy", (*words, "-y")), ("status", ()),
                       ("deploy", ("--stack-only", *words[2:])), ("logs", ()),
                       ("delete", ("--dry-run",))):  # fmt: skip
        result = run(verb, *more)
        shown.write(result.output + str(result.exception))
    shown.write(json.dumps(client("cloudformation").get_template(StackName=stack)["TemplateBody"]))
    shown.write((tmp_path / "dist" / "stack.json").read_text())
    for secret in ("planted-value", "planted-secret-key", "planted-session", "X-Amz-Signature"):
        assert secret not in shown.getvalue()


@pytest.mark.parametrize("verb", ["status", "logs", "rollback"])
def test_what_is_not_deployed_says_how_to_deploy_it(run: Run, verb: str) -> None:
    error = run(verb).exception
    assert isinstance(error, FerrymanError)
    assert "ferryman deploy -t server" in (error.hint or "")


def test_a_stack_of_somebody_else_is_refused(run: Run, stack: str) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(template))
    error = run("deploy", "--image", ONE, "-y").exception
    assert isinstance(error, ConfigError)
    assert "is not this project's" in error.message
    assert isinstance(run("delete", "-y").exception, ConfigError)


def test_a_name_that_is_taken_is_said_before_anything_is_made(run: Run, stack: str) -> None:
    client("ecs").create_cluster(clusterName=stack)
    error = run("deploy", "--image", ONE, "-y").exception
    assert isinstance(error, ConfigError)
    assert error.message == f"there is a cluster {stack} in us-east-1 already"
    assert not stack_there(stack)


class Network:
    """What EC2 would answer: subnets of two networks."""

    region = "eu-central-1"

    def __init__(self, *, default: bool = True) -> None:
        self._default = default

    def call(self, service: str, operation: str, **asked: Any) -> dict[str, Any]:
        if operation == "describe_vpcs":
            return {"Vpcs": [{"VpcId": "vpc-1"}] if self._default else []}
        return {"Subnets": [_subnet(name) for name in asked["SubnetIds"]]}

    def pages(self, *_: str, **asked: Any) -> Iterator[dict[str, Any]]:
        yield from map(_subnet, ("subnet-1b", "subnet-1a"))


def _subnet(name: str) -> dict[str, Any]:
    return {"SubnetId": name, "VpcId": f"vpc-{name[7]}", "MapPublicIpOnLaunch": name[7] == "1"}


def test_a_service_is_in_the_default_network_until_the_settings_name_another() -> None:
    aws = cast(Aws, Network())
    found = network_parameters(aws, ServiceOptions(), {})
    assert found == {"Vpc": "vpc-1", "Subnets": "subnet-1a,subnet-1b", "PublicIp": "ENABLED"}
    known = {name: str(value) for name, value in found.items()}
    assert set(network_parameters(aws, ServiceOptions(), known).values()) == {None}
    private = ServiceOptions(subnets=("subnet-2a", "subnet-2b"))
    assert network_parameters(aws, private, known)["PublicIp"] == "DISABLED"
    with pytest.raises(ConfigError, match="not all of one VPC"):
        network_parameters(aws, ServiceOptions(subnets=("subnet-1a", "subnet-2b")), {})
    with pytest.raises(ConfigError, match="no default VPC"):
        network_parameters(cast(Aws, Network(default=False)), ServiceOptions(), {})


def test_an_image_that_was_built_is_pushed_once(
    run: Run,
    server_image: Path,
    aws_stand_in: int,
    calls: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """ECR's name leads to a registry on this machine, which takes the blobs."""
    sent: list[tuple[str, str]] = []
    ask = Repository._ask

    def here(reference: str) -> Repository:
        name = reference.partition("/")[2]
        return Repository(f"127.0.0.1:{aws_stand_in}/{name}")

    def record(self: Repository, method: str, place: str, *rest: int, **more: Any) -> Any:
        sent.append((method, "manifests" if "manifests/" in place else "blobs"))
        return ask(self, method, place, *rest, **more)

    monkeypatch.setattr(image_repository, "Repository", here)
    monkeypatch.setattr(Repository, "_ask", record)
    aws = open_session()
    assert _architecture(server_image, None) in ("arm64", "x86_64")
    (top,) = json.loads((server_image / "index.json").read_text())["manifests"]
    digest = top["digest"].removeprefix("sha256:")
    image = ServiceImage("arm64", layout=server_image, digest=digest, repository="pushed/shop")
    said: list[str] = []
    with pytest.raises(ConfigError, match="no repository pushed/shop"):
        image.send(aws, Dialogue(said.append, lambda _: False))
    image.send(aws, Dialogue(said.append, lambda _: True))
    found = client("ecr").describe_images(repositoryName="pushed/shop")["imageDetails"]
    assert [one["imageDigest"] for one in found] == [f"sha256:{digest}"]
    assert image.reference(aws).endswith(f"/pushed/shop@sha256:{digest}")
    allowed = {action_name(*call) for call in calls} - _FREE - {"ecr:DescribeImages"}
    allowed |= {action for each in set(sent) for action in _REGISTRY[each]}
    assert allowed == set(SERVICE_CALLS["send an image"])
    sent.clear()
    image.send(aws, Dialogue(said.append, lambda _: True))
    assert ("POST", "blobs") not in sent, "what is there is not sent again"


def test_a_deploy_builds_the_image_pushes_it_and_runs_it(
    run: Run, stack: str, server_image: Path, aws_stand_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The image of the example stands for the one that the build writes."""
    (top,) = json.loads((server_image / "index.json").read_text())["manifests"]
    digest, there = top["digest"], _architecture(server_image, None)
    built = Artifact("server", "shop", "1", str(server_image), digest, 0, 0, "")

    def here(reference: str) -> Repository:
        return Repository(f"127.0.0.1:{aws_stand_in}/{reference.partition('/')[2]}")

    monkeypatch.setattr(service_image, "write_image", lambda *_: built)
    monkeypatch.setattr(image_repository, "Repository", here)
    settings = ("--python", host_python(), "--set", f"server.deploy.architecture={there}")
    made = good(run("deploy", *settings, "-y"))
    assert made.stdout.startswith(f"release 1  1  {digest[7:19]}")
    assert image_that_runs(stack).endswith(f"/shop@{digest}")
    assert "set trusted_proxies" in made.stderr
    assert run("diff", *settings).return_value == 0


def test_an_architecture_that_the_image_lacks_is_refused(server_image: Path) -> None:
    there = _architecture(server_image, None)
    other = {"arm64": "x86_64", "x86_64": "arm64"}[there]
    with pytest.raises(ConfigError, match=f"architecture = {other}, and the image is for {there}"):
        _architecture(server_image, other)


class Failing:
    """What AWS would answer while a service does not start: its tasks stopped, and why."""

    region = "us-east-1"
    _events = (
        ("AWS::ECS::Service", "Service", "CREATE_FAILED", "Deployment Circuit Breaker"),
        ("AWS::CloudFormation::Stack", "shop", "DELETE_COMPLETE", ""),
    )

    def __init__(self) -> None:
        self._executed = False

    def call(self, service: str, operation: str, **_: Any) -> dict[str, Any]:
        if operation == "execute_change_set":
            self._executed = True
        stack = {"StackName": "shop", "StackId": "arn", "StackStatus": "DELETE_COMPLETE"}
        stopped = {
            "stoppedReason": "Essential container in task exited",
            "containers": [{"exitCode": 3, "reason": ""}],
        }
        told: dict[str, dict[str, Any]] = {
            "describe_stacks": {"Stacks": [stack]},
            "list_tasks": {"taskArns": ["task"]},
            "describe_tasks": {"tasks": [stopped, stopped]},
        }
        return told.get(operation, {})

    def pages(self, service: str, operation: str, key: str, **_: Any) -> Iterator[dict[str, Any]]:
        events = self._events if self._executed else ()
        for number, (kind, name, status, reason) in reversed(list(enumerate(events))):
            yield {
                **{"EventId": str(number), "ResourceType": kind, "LogicalResourceId": name},
                **{"ResourceStatus": status, "ResourceStatusReason": reason},
            }


def test_tasks_that_do_not_start_say_why(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:app"\nname = "shop"\n')
    project = resolve_project(
        tmp_path, {name: target.options for name, target in installed_targets().items()}
    )
    deployment = open_service(project, Choices(), Dialogue(lambda _: None, lambda _: True))
    deployment._stack.__dict__["aws"] = Failing()
    with pytest.raises(StackFailed) as failed:
        deployment._changed(None, ChangeSet("one", "arn", "arn", True, ()))
    assert failed.value.cause == (
        "Deployment Circuit Breaker; tasks stopped: Essential container in task exited; "
        "it ended with 3"
    )
