"""A rule's weights, and a state in S3, against moto's server."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.aws_stand_in import recorded_calls, running_ministack
from tests.migrate.stand_in import client, moto

from ferryman.core.errors import ConfigError
from ferryman.migrate.book import Book
from ferryman.migrate.shifters import Drift
from ferryman.migrate.shifters.alb import BalancerShifter
from ferryman.migrate.shifters.alias import AliasShifter
from ferryman.migrate.state import Migration
from ferryman.migrate.stores import Conflict
from ferryman.migrate.stores.s3 import S3Store

ONE = Migration(id="one", old="lambda", new="server", steps=(5, 95))


@pytest.fixture(scope="module")
def aws() -> Iterator[str]:
    with moto() as address:
        yield address


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_ministack(tmp_path_factory.mktemp("ministack")) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture(scope="module", params=["aws", "ministack"])
def s3_address(request: pytest.FixtureRequest) -> str:
    """The address of S3, by two programs of others."""
    address: str = request.getfixturevalue(request.param)
    return address


@pytest.fixture
def store(s3_address: str, request: pytest.FixtureRequest) -> S3Store:
    s3 = client("s3", s3_address)
    bucket = re.sub(r"[^a-z0-9]+", "-", request.node.name)[:60].strip("-")
    where = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration=where)
    return S3Store(s3, bucket, "migration.json")


def test_a_state_in_s3_has_one_owner(store: S3Store) -> None:
    first, second = Book(store, "far:1:a"), Book(store, "far:2:b")
    assert first.read() is None
    assert second.read() is None
    first.write(ONE)
    with pytest.raises(Conflict):
        second.write(ONE)
    first.probe()
    taken = second.seize()
    with pytest.raises(Conflict):
        first.write(replace(taken, weight=50.0))
    assert second.must_read().owner == "far:2:b"


def test_a_store_that_ignores_conditions_is_refused(store: S3Store) -> None:
    class Ignores:
        def get_object(self, **asked: Any) -> Any:
            return store.client.get_object(**asked)

        def put_object(self, **asked: Any) -> Any:
            return store.client.put_object(
                **{name: asked[name] for name in ("Bucket", "Key", "Body")}
            )

    Book(store).write(ONE)
    with pytest.raises(ConfigError, match="ignores conditions"):
        Book(replace(store, client=Ignores())).probe()


@pytest.fixture
def rule(aws: str) -> tuple[Any, str, str, str]:
    """Return a client, a rule that forwards to the old group, and both groups' ARNs."""
    ec2, elb = client("ec2", aws), client("elbv2", aws)
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"eu-central-1{zone}"
        )["Subnet"]["SubnetId"]
        for n, zone in enumerate("ab")
    ]
    balancers = elb.create_load_balancer(Name=f"lb{vpc[-6:]}", Subnets=subnets)["LoadBalancers"]
    groups = [
        elb.create_target_group(
            Name=f"{name}{vpc[-6:]}", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="ip"
        )["TargetGroups"][0]["TargetGroupArn"]
        for name in ("old", "new")
    ]
    for number, group in enumerate(groups):
        elb.register_targets(TargetGroupArn=group, Targets=[{"Id": f"10.0.0.{number + 10}"}])
    sticky = {"Enabled": True, "DurationSeconds": 60}
    listener = elb.create_listener(
        LoadBalancerArn=balancers[0]["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": groups[0]}],
    )["Listeners"][0]["ListenerArn"]
    made = elb.create_rule(
        ListenerArn=listener,
        Priority=1,
        Conditions=[{"Field": "path-pattern", "Values": ["/*"]}],
        Actions=[
            {
                "Type": "forward",
                "ForwardConfig": {
                    "TargetGroups": [{"TargetGroupArn": groups[0], "Weight": 1}],
                    "TargetGroupStickinessConfig": sticky,
                },
            }
        ],
    )["Rules"][0]["RuleArn"]
    return elb, made, groups[0], groups[1]


def test_a_rule_takes_the_weights_and_keeps_the_rest(rule: tuple[Any, str, str, str]) -> None:
    elb, arn, old, new = rule
    shifter = BalancerShifter(elb, arn, old, new, settle=0)
    assert shifter.read().weight is None
    shifter.join()
    assert shifter.read().weight == 0
    for start, end in ((0, 1), (1, 95), (95, 100), (100, 0)):
        shifter.write(start, end)
        assert shifter.read().weight == end
    (found,) = elb.describe_rules(RuleArns=[arn])["Rules"]
    (action,) = found["Actions"]
    stickiness = action["ForwardConfig"]["TargetGroupStickinessConfig"]
    assert (stickiness["Enabled"], stickiness["DurationSeconds"]) == (True, 60)


def test_a_rule_changed_by_hand_is_drift(rule: tuple[Any, str, str, str]) -> None:
    elb, arn, old, new = rule
    shifter = BalancerShifter(elb, arn, old, new, settle=0)
    shifter.join()
    groups = [{"TargetGroupArn": old, "Weight": 3}, {"TargetGroupArn": new, "Weight": 1}]
    forward = {"Type": "forward", "ForwardConfig": {"TargetGroups": groups}}
    elb.modify_rule(RuleArn=arn, Actions=[forward])
    with pytest.raises(Drift, match="25 %, and not 0 %"):
        shifter.write(0, 5)


def test_a_rule_of_another_service_is_refused(rule: tuple[Any, str, str, str]) -> None:
    elb, arn, old, new = rule
    with pytest.raises(ConfigError, match="does not forward to"):
        BalancerShifter(elb, arn, new, old, settle=0).read()


@pytest.fixture
def function(ministack: str) -> Any:
    """A client of Lambda, and a function with two versions and an alias at the first."""
    found = client("lambda", ministack)

    def code(text: str) -> bytes:
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("app.py", f"def handler(event, context):\n    return {text!r}\n")
        return content.getvalue()

    role = "arn:aws:iam::000000000000:role/app"
    found.create_function(
        FunctionName="app",
        Runtime="python3.12",
        Role=role,
        Handler="app.handler",
        Code={"ZipFile": code("one")},
    )
    found.publish_version(FunctionName="app")
    found.update_function_code(FunctionName="app", ZipFile=code("two"))
    found.publish_version(FunctionName="app")
    found.create_alias(FunctionName="app", Name="live", FunctionVersion="1")
    yield found
    found.delete_function(FunctionName="app")


def test_an_alias_goes_from_one_version_to_another_and_back(function: Any) -> None:
    shifter = AliasShifter(function, "app", "live", "1", "2")
    for start, end in ((0, 1), (1, 95), (95, 100), (100, 0)):
        shifter.write(start, end)
        assert shifter.read().weight == pytest.approx(end)
    function.update_alias(
        FunctionName="app",
        Name="live",
        RoutingConfig={"AdditionalVersionWeights": {"2": 0.3}},
    )
    with pytest.raises(Drift, match="30 %, and not 0 %"):
        shifter.write(0, 5)


def test_somebody_who_writes_between_look_and_write_is_not_overwritten(function: Any) -> None:
    class Meddled:
        _request_signer = function._request_signer

        def get_alias(self, **asked: Any) -> Any:
            found = function.get_alias(**asked)
            function.update_alias(FunctionName="app", Name="live", Description=found["RevisionId"])
            return found

        def update_alias(self, **asked: Any) -> Any:
            return function.update_alias(**asked)

    with pytest.raises(Drift):
        AliasShifter(Meddled(), "app", "live", "1", "2").write(0, 5)


def test_each_needs_the_permissions_that_the_page_names(
    rule: tuple[Any, str, str, str],
    function: Any,
    store: S3Store,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elb, arn, old, new = rule
    used: dict[str, set[str]] = {}

    def use(name: str, *acts: Callable[[], object]) -> None:
        with monkeypatch.context() as patch, recorded_calls(patch.setattr) as calls:
            for act in acts:
                act()
        used[name] = {operation for _, operation in calls}

    balancer = BalancerShifter(elb, arn, old, new, settle=0)
    alias = AliasShifter(function, "app", "live", "1", "2")
    use("alb", balancer.read, balancer.join, partial(balancer.write, 0, 5))
    use("alias", alias.read, alias.join, partial(alias.write, 0, 5))
    use("s3", store.read, partial(Book(store).write, ONE), store.probe)
    assert used == {
        "alb": {"DescribeRules", "DescribeTargetHealth", "ModifyRule"},
        "alias": {"GetAlias", "UpdateAlias"},
        "s3": {"GetObject", "PutObject"},
    }
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "migrate.md").read_text()
    for operations in used.values():
        assert all(operation in page for operation in operations)


def test_an_alias_at_a_third_version_is_refused(function: Any) -> None:
    with pytest.raises(ConfigError, match="at version 1"):
        AliasShifter(function, "app", "live", "7", "8").read()
