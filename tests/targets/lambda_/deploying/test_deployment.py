"""A function is deployed, changed, shifted and deleted, on a stand-in for AWS."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.aws_stand_in import CREDENTIALS, Run, Zip, client, good, stack_there

from ferryman.aws.change_set import Desired, execute, prepare
from ferryman.aws.refusals import action_name
from ferryman.aws.session import open_session
from ferryman.aws.stack import StackFailed
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.lambda_.deploying.function import LostRace
from ferryman.targets.lambda_.deploying.permissions import CALLS

# To ask who one is takes no permission.
_FREE = {"sts:GetCallerIdentity"}


def live(name: str) -> str:
    return str(client("lambda").get_alias(FunctionName=name, Name="live")["FunctionVersion"])


def test_from_nothing_to_deleted(run: Run, zipped: Zip, stack: str) -> None:
    assert run("diff", "--zip", zipped("one")).return_value == 1
    assert not stack_there(stack), "a diff leaves nothing"
    made = good(run("deploy", "--zip", zipped("one"), "-y"))
    assert made.stdout.startswith("release 1  1  ")
    assert ".lambda-url.us-east-1.on.aws" in made.stdout
    assert "create complete AWS::Lambda::Alias/Live" in made.stderr
    assert run("diff", "--zip", zipped("one")).return_value == 0
    assert "nothing to change" in run("deploy", "--zip", zipped("one"), "-y").stderr

    good(run("deploy", "--zip", zipped("two"), "-y"))
    assert live(stack) == "2"
    assert good(run("rollback")).stdout.startswith("release 1  ")
    assert live(stack) == "1"
    status = json.loads(run("status", "--json").stdout)
    assert [(r["id"], r["share"]) for r in status["releases"]] == [("2", 0.0), ("1", 1.0)]

    assert "delete the stack" in run("delete").stderr
    assert stack_there(stack), "nobody agreed"
    group = client("lambda").get_function_configuration(FunctionName=stack)
    good(run("delete", "-y"))
    assert not stack_there(stack)
    names = [g["logGroupName"] for g in client("logs").describe_log_groups()["logGroups"]]
    assert group["LoggingConfig"]["LogGroup"] in names, "the logs stay"


def test_an_update_of_the_stack_undoes_no_shift(run: Run, zipped: Zip, stack: str) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    good(run("deploy", "--zip", zipped("two"), "-y"))
    good(run("rollback"))
    # A door is added: nothing of it concerns the alias, which CloudFormation thinks is at 1.
    shown = run("diff", "--zip", zipped("two"), "--set", "lambda.deploy.public=true")
    assert "AWS::Lambda::Alias" not in shown.stdout
    good(run("deploy", "--zip", zipped("two"), "--set", "lambda.memory=1024", "-y"))
    assert live(stack) == "3"


def test_settings_that_a_version_freezes_publish_another(run: Run, zipped: Zip, stack: str) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    words = ("--zip", zipped("one"), "--set", 'lambda.deploy.environment={"TOKEN": "a"}')
    good(run("deploy", *words, "-y"))
    assert live(stack) == "2"
    made = client("lambda").get_function_configuration(FunctionName=stack, Qualifier="2")
    assert made["Environment"]["Variables"]["TOKEN"] == "a"


def test_a_direct_deploy_takes_six_calls_and_five_permissions(
    run: Run, zipped: Zip, stack: str, calls: list[tuple[str, str]]
) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    calls.clear()
    good(run("deploy", "--zip", zipped("two"), "--direct"))
    # How often an update that is under way is asked for depends on how long it takes.
    once = [call for call, before in zip(calls, [None, *calls], strict=False) if call != before]
    assert len(once) <= 6
    assert {action_name(*call) for call in calls} == set(CALLS["deploy --direct"])
    assert len(CALLS["deploy --direct"]) == 5
    assert live(stack) == "2"
    # CloudFormation does not know of it, and yet puts the code of the stack back.
    good(run("deploy", "--zip", zipped("one"), "--set", "lambda.memory=256", "-y"))
    function = client("lambda").get_function_configuration(FunctionName=stack)
    first = client("lambda").get_function_configuration(FunctionName=stack, Qualifier="1")
    assert function["CodeSha256"] == first["CodeSha256"]


def test_of_two_direct_deploys_at_once_one_loses_by_revision(
    run: Run, zipped: Zip, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    zips = [zipped("two"), zipped("three")]
    with ThreadPoolExecutor(2) as threads:
        results = list(threads.map(lambda path: run("deploy", "--zip", path, "--direct"), zips))
    lost = [r.exception for r in results if r.exception]
    assert len(lost) <= 1
    assert all(isinstance(error, LostRace) for error in lost)
    # Whatever the timing, a revision that is not the present one is refused.
    from ferryman.targets.lambda_.deploying.function import move, read_alias

    aws = open_session()
    stale = read_alias(aws, stack)
    move(aws, stack, stale, "1")
    with pytest.raises(LostRace) as refused:
        move(aws, stack, stale, "2")
    assert "moved by another client" in refused.value.message


def test_a_shift_that_is_under_way_is_not_undone(run: Run, zipped: Zip, stack: str) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    good(run("deploy", "--zip", zipped("two"), "-y"))
    client("lambda").update_alias(
        FunctionName=stack,
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": {"1": 0.05}},
    )
    for words in (("--zip", zipped("three"), "-y"), ("--zip", zipped("three"), "--direct")):
        error = run("deploy", *words).exception
        assert isinstance(error, FerrymanError)
        assert "5% to version 1" in error.message
    assert run("status").return_value == 1
    good(run("rollback"))
    assert live(stack) == "2"
    assert run("status").return_value == 0


def test_a_creation_that_fails_leaves_nothing(stack: str) -> None:
    """The stand-in makes any function; a bucket whose name is taken it refuses, as AWS does."""
    bucket = f"taken-by-{stack}"
    client("s3").create_bucket(Bucket=bucket)
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Bucket": {
            "Type": "AWS::S3::Bucket",
            "DependsOn": "Topic",
            "Properties": {"BucketName": bucket},
        },
    }
    aws = open_session()
    desired = Desired(stack, {"Resources": resources}, {}, {})
    made = prepare(aws, desired, None, {})
    assert made
    told: list[str] = []
    with pytest.raises(StackFailed) as failed:
        execute(aws, made, told.append, wait=True, timeout=60)
    assert failed.value.message.endswith("could not be created; nothing of the stack is left")
    assert failed.value.cause
    assert not stack_there(stack)
    assert told


def test_a_stack_of_somebody_else_is_refused(run: Run, zipped: Zip, stack: str) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client("cloudformation").create_stack(StackName=stack, TemplateBody=json.dumps(template))
    for verb in ("deploy", "delete"):
        words = ("--zip", zipped("one")) if verb == "deploy" else ()
        error = run(verb, *words, "-y").exception
        assert isinstance(error, ConfigError)
        assert "is not this project's" in error.message
    assert stack_there(stack)


def test_drift_on_what_would_change_is_refused_unless_told(
    run: Run, zipped: Zip, stack: str
) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    client("lambda").update_function_configuration(FunctionName=stack, MemorySize=3008)
    words = ("--zip", zipped("one"), "--set", "lambda.timeout=20", "-y")
    error = run("deploy", *words).exception
    assert isinstance(error, StackFailed)
    assert "/MemorySize was changed" in (error.cause or "")
    good(run("deploy", *words, "--overwrite"))


def test_a_stack_in_review_is_gone_on_with(run: Run, zipped: Zip, stack: str) -> None:
    template = {"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
    client("cloudformation").create_change_set(
        StackName=stack,
        ChangeSetName="left-over",
        ChangeSetType="CREATE",
        TemplateBody=json.dumps(template),
    )
    good(run("deploy", "--zip", zipped("one"), "-y"))
    assert live(stack) == "1"


def test_the_recorded_calls_are_the_printed_permissions(
    run: Run, zipped: Zip, stack: str, calls: list[tuple[str, str]]
) -> None:
    def called(verb: str, *words: str) -> set[str]:
        calls.clear()
        run(verb, *words)
        return {action_name(*call) for call in calls} - _FREE

    bucket = ("--bucket", f"bucket-of-{stack}")
    deploy = called("deploy", "--zip", zipped("one"), *bucket)  # nobody agrees
    deploy |= called("deploy", "--zip", zipped("one"), "-y", *bucket)
    diff = called("diff", "--zip", zipped("two"), "--set", "lambda.memory=256", *bucket)
    deploy |= called("deploy", "--zip", zipped("two"), "--set", "lambda.memory=256", "-y", *bucket)
    deploy |= called("deploy", "--zip", zipped("two"), "--set", "lambda.memory=128", *bucket)
    assert diff <= set(CALLS["diff"])
    allowed = {*CALLS["deploy"], *CALLS["send a zip"]}
    assert deploy <= allowed
    # Mending a stack whose rollback failed cannot be provoked here.
    assert allowed - deploy == {"cloudformation:ContinueUpdateRollback"}
    for verb in ("status", "rollback", "logs"):
        assert called(verb) == set(CALLS[verb]), verb
    assert called("delete", "-y", "--with-logs") == set(CALLS["delete"])


def test_nothing_secret_is_shown_or_written(
    run: Run, zipped: Zip, stack: str, tmp_path: Path
) -> None:
    environment = ("--set", 'lambda.deploy.environment={"TOKEN": "planted-environment-value"}')
    words = ("--zip", zipped("one"), *environment)
    shown = io.StringIO()
    for verb, more in (("diff", words), ("deploy", (*words, "-y")), ("deploy", (*words, "--json")),
                       ("status", ()), ("logs", ()), ("delete", ("--dry-run",))):  # fmt: skip
        result = run(verb, *more)
        shown.write(result.output + str(result.exception))
    template = client("cloudformation").get_template(StackName=stack)["TemplateBody"]
    shown.write(json.dumps(template))
    for path in tmp_path.rglob("*"):
        if path.is_file() and path.name != "pyproject.toml":
            shown.write(path.read_bytes().decode("latin-1"))
    planted = ("planted-environment-value", *CREDENTIALS.values(), "X-Amz-Signature")
    for secret in planted:
        if secret not in ("us-east-1", "true", "/nonexistent"):
            assert secret not in shown.getvalue()
