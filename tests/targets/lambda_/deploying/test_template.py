"""The template: plain CloudFormation that cfn-lint takes, whatever the settings."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.aws_stand_in import STAND_INS, lint, unknown_actions

from ferryman.aws.permission_statements import StackPlace
from ferryman.building.artifact import Artifact
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.lambda_.deploying.options import DeployOptions
from ferryman.targets.lambda_.deploying.permissions import policy
from ferryman.targets.lambda_.deploying.specification import function_spec, outputs
from ferryman.targets.lambda_.deploying.template import FunctionSpec, stack_template, version_id
from ferryman.targets.lambda_.options import LambdaOptions, deployed

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
LISTENER = (
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
    "listener/app/x/1234567890123456/1234567890123456"
)
SUBNETS = ("subnet-1234567a", "subnet-1234567b")
DOORS = ("function-url", "http-api", "rest-api", "alb", "none")
TRIGGERS = (
    {"kind": "sqs", "source": "arn:aws:sqs:us-east-1:123456789012:q", "batch_size": 100},
    {"kind": "schedule", "schedule": "rate(5 minutes)"},
    {"kind": "eventbridge", "pattern": {"source": ["shop"]}},
    {"kind": "sns", "source": "arn:aws:sns:us-east-1:123456789012:t"},
    {"kind": "s3", "source": "arn:aws:s3:::pictures"},
    {
        "kind": "dynamodb",
        "source": "arn:aws:dynamodb:us-east-1:123456789012:table/t/stream/2026-01-01T00:00:00.000",
    },
    {"kind": "kinesis", "source": "arn:aws:kinesis:us-east-1:123456789012:stream/s"},
)
# Each stands on its own line, so that a new one is seen by the property.
CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "door": st.sampled_from(DOORS),
    "public": st.booleans(),
    "cloudfront": st.booleans(),
    "static": st.sampled_from([(), ("/static/*",)]),
    "domain": st.sampled_from([None, "shop.example.com"]),
    "hosted_zone": st.sampled_from([None, "Z123456"]),
    "certificate": st.sampled_from([None, CERTIFICATE]),
    "log_retention": st.sampled_from([1, 30, 3653]),
    "environment": st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0_]{1,8}", fullmatch=True).filter(lambda n: n != "TZ"),
        st.text(max_size=8),
        max_size=3,
    ),
    "snap_start": st.booleans(),
    "provisioned_concurrency": st.sampled_from([0, 2]),
    "reserved_concurrency": st.sampled_from([None, 5]),
    "tags": st.sampled_from([{}, {"team": "shop"}]),
    "policies": st.sampled_from([(), ("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",)]),
    "vpc": st.sampled_from([{}, {"subnets": SUBNETS, "security_groups": ("sg-1234567a",)}]),
    "alb": st.sampled_from([{"subnets": SUBNETS}, {"listener": LISTENER, "hosts": ["a.b.com"]}]),
    "triggers": st.lists(st.sampled_from(TRIGGERS), max_size=4),
}


def spec(*, streaming: bool = False, image: bool = False, **options: Any) -> FunctionSpec:
    return FunctionSpec(
        name="shop",
        version="1.0",
        digest="ab" * 32,
        runtime=None if image else "python3.13",
        handler=None if image else "shop.handler",
        architecture="arm64",
        memory=512,
        timeout=30,
        streaming=streaming,
        options=DeployOptions.model_validate(options),
    )


def test_every_template_that_settings_can_make_passes_cfn_lint(tmp_path: Path) -> None:
    made: dict[str, Any] = {}

    @settings(max_examples=120, deadline=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.fixed_dictionaries(CHOICES), st.booleans(), st.booleans())
    def collect(options: dict[str, Any], streaming: bool, image: bool) -> None:
        try:
            template = stack_template(spec(streaming=streaming, image=image, **options))
        except (ConfigError, ValidationError):
            return
        kinds = sorted(one["Type"] for one in template["Resources"].values())
        made.setdefault(json.dumps(kinds), template)

    collect()
    assert len(made) >= 12
    for number, template in enumerate(list(made.values())[:25]):
        (tmp_path / f"{number}.json").write_text(json.dumps(template), "utf-8")
    assert lint(tmp_path) == ""


def test_cfn_lint_would_find_a_misspelt_property(tmp_path: Path) -> None:
    template = json.loads(json.dumps(stack_template(spec())))
    template["Resources"]["Function"]["Properties"]["MemorySise"] = 1
    (tmp_path / "0.json").write_text(json.dumps(template), "utf-8")
    assert "MemorySise" in lint(tmp_path)


@pytest.mark.parametrize("door", DOORS)
def test_whatever_calls_the_function_calls_the_alias(door: str) -> None:
    made = stack_template(spec(door=door, alb={"subnets": SUBNETS}, triggers=TRIGGERS))
    callers = [
        json.dumps(one["Properties"])
        for one in made["Resources"].values()
        if one["Type"].rpartition("::")[2] in ("Permission", "EventSourceMapping", "Integration")
    ]
    assert len(callers) >= len(TRIGGERS)
    assert all('{"Ref": "Live"}' in caller for caller in callers)
    if door == "function-url":
        url = made["Resources"]["Url"]["Properties"]
        assert (url["Qualifier"], url["AuthType"]) == ("live", "AWS_IAM")


def test_a_public_url_has_the_permissions_that_sam_would_give(tmp_path: Path) -> None:
    """AWS's own translator of SAM judges which permissions a public Function URL needs."""
    sam = {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": {
            "Function": {
                "Type": "AWS::Serverless::Function",
                "Properties": {
                    "InlineCode": "x",
                    "Handler": "shop.handler",
                    "Runtime": "python3.13",
                    "AutoPublishAlias": "live",
                    "FunctionUrlConfig": {"AuthType": "NONE"},
                },
            }
        },
    }
    (tmp_path / "sam.json").write_text(json.dumps(sam), "utf-8")
    code = (
        "import json, sys\n"
        "from samtranslator.translator.transform import transform\n"
        "class Loader:\n    def load(self): return {}\n"
        "print(json.dumps(transform(json.load(open(sys.argv[1])), {}, Loader())))\n"
    )
    done = subprocess.run(
        [STAND_INS / "python", "-c", code, tmp_path / "sam.json"],
        env={"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )

    def granted(template: Any) -> list[tuple[Any, ...]]:
        keys = ("Action", "Principal", "FunctionUrlAuthType", "InvokedViaFunctionUrl")
        return sorted(
            (tuple(str(one["Properties"].get(key)) for key in keys))
            for one in template["Resources"].values()
            if one["Type"] == "AWS::Lambda::Permission"
        )

    assert granted(stack_template(spec(public=True))) == granted(json.loads(done.stdout))


def test_the_role_may_write_to_its_own_log_and_nothing_else() -> None:
    role = stack_template(spec())["Resources"]["Role"]["Properties"]
    (statement,) = role["Policies"][0]["PolicyDocument"]["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == {"Fn::GetAtt": ["LogGroup", "Arn"]}
    assert "ManagedPolicyArns" not in role


def test_the_values_of_the_environment_are_in_no_template() -> None:
    made = json.dumps(stack_template(spec(environment={"TOKEN": "planted-value"})))
    assert "planted-value" not in made
    assert '"NoEcho": true' in made


def test_a_version_is_named_by_all_that_lambda_freezes_in_it() -> None:
    made = [
        spec(),
        spec(environment={"AA": "1"}),
        spec(environment={"AA": "2"}),
        spec(provisioned_concurrency=1),
        spec(image=True),
    ]
    assert len({version_id(one) for one in made}) == len(made)
    assert version_id(spec()) == version_id(spec(tags={"a": "b"}, door="http-api"))
    version = stack_template(spec())["Resources"][version_id(spec())]
    assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"static": ["/x"]}, "static is what CloudFront keeps"),
        ({"domain": "a.example.com"}, "needs a certificate"),
        ({"domain": "a.example.com", "certificate": CERTIFICATE}, "no domain of its own"),
        ({"door": "alb"}, "two subnets"),
        ({"snap_start": True, "provisioned_concurrency": 1}, "exclude each other"),
        ({"environment": {"AWS_REGION": "x"}}, "Lambda sets such names itself"),
        ({"environment": {"AA": "x" * 4096}}, "Lambda takes 4096"),
        ({"triggers": [{"kind": "sqs"}]}, "needs `source`"),
        ({"triggers": [{"kind": "sqs", "source": "arn:aws:sns:x:1:t"}]}, "is not of sqs"),
        ({"vpc": {"subnets": SUBNETS}}, "go together"),
        ({"door": "none", "cloudfront": True}, "needs a door"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        DeployOptions.model_validate(options)


def test_an_image_can_start_from_a_snapshot() -> None:
    made = stack_template(spec(image=True, snap_start=True))["Resources"]["Function"]
    assert made["Properties"]["SnapStart"] == {"ApplyOn": "PublishedVersions"}


@pytest.mark.parametrize(
    ("streaming", "door", "baked", "template"),
    [
        (True, "function-url", True, True),
        (True, "rest-api", "all", True),
        ("rest", "function-url", "rest", False),
        ("rest", "rest-api", "rest", True),
        ("all", "function-url", "all", True),
        (False, "rest-api", False, False),
    ],
)
def test_the_door_and_the_runtime_agree_on_streams(
    streaming: bool | str, door: str, baked: bool | str, template: bool, tmp_path: Path
) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:app"\n')
    flags = {
        "lambda.streaming": streaming if isinstance(streaming, str) else str(streaming).lower(),
        "lambda.deploy.door": door,
    }
    project = resolve_project(tmp_path, {"lambda": LambdaOptions}, flags=flags)
    options = project.section("lambda", LambdaOptions)
    assert deployed(options)["streaming"] == baked
    assert function_spec(project, "ab" * 32).streaming is template


def test_a_door_that_does_not_stream_is_refused() -> None:
    with pytest.raises(ConfigError, match="does not stream"):
        stack_template(spec(streaming=True, door="http-api"))


def test_the_names_of_all_actions_are_iams() -> None:
    kinds = ["AWS::ApiGateway::Method"]
    for door in DOORS:
        made = stack_template(
            spec(door=door, alb={"subnets": SUBNETS}, cloudfront=door == "function-url",
                 static=["/x"] if door == "function-url" else [], triggers=TRIGGERS)
        )  # fmt: skip
        kinds += [one["Type"] for one in made["Resources"].values()]
    from ferryman.targets.lambda_.deploying.permissions import CALLS

    document = policy(StackPlace("shop"), tuple(CALLS), kinds)
    assert unknown_actions(document) == []


def test_it_lies_beside_the_zip_and_names_it_by_content(postcards_bundle: Artifact) -> None:
    made = json.loads(Path(postcards_bundle.path).with_name("template.json").read_text())
    digest = postcards_bundle.digest.removeprefix("sha256:")
    assert made["Parameters"]["CodeKey"]["Default"] == f"postcards/{digest}.zip"
    assert "Transform" not in made


def test_other_tools_get_what_the_template_has(
    postcards: Project, postcards_bundle: Artifact
) -> None:
    told = outputs(postcards, postcards_bundle)
    template = json.loads(Path(postcards_bundle.path).with_name("template.json").read_text())
    made = template["Resources"]["Function"]["Properties"]
    assert told["handler"] == made["Handler"]
    assert told["runtime"] == made["Runtime"]
    assert told["environment"] == made["Environment"]["Variables"]
    digest = base64.b64decode(str(told["source_code_hash"])).hex()
    assert digest == postcards_bundle.digest.removeprefix("sha256:")
