"""The template of a service: plain CloudFormation that cfn-lint takes, whatever the settings."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.aws_stand_in import lint, unknown_actions
from tests.migrate.stand_in import client, moto
from tests.records.test_measurement import figures, measurement

from ferryman.aws.permission_statements import StackPlace
from ferryman.core.errors import ConfigError
from ferryman.core.serving import Timing
from ferryman.migrate.shifters.alb import BalancerShifter
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.records.measurement_file import FILE_NAME, write_measurement
from ferryman.targets.server.deploying.options import ServiceOptions
from ferryman.targets.server.deploying.service_permissions import (
    SERVICE_CALLS,
    service_statements,
)
from ferryman.targets.server.deploying.service_spec import service_spec
from ferryman.targets.server.deploying.service_template import ServiceSpec, service_template
from ferryman.targets.server.deploying.task_size import TaskSize, memory_sizes
from ferryman.targets.server.options import ServerOptions

CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
LISTENER = (
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:"
    "listener/app/shared/1234567890123456/1234567890123456"
)
SECRET = "arn:aws:secretsmanager:us-east-1:123456789012:secret:shop/database-AbCdEf:url::"
PARAMETER = "arn:aws:ssm:us-east-1:123456789012:parameter/shop/token"
SUBNETS = ("subnet-1234567a", "subnet-1234567b")
GROUP = "sg-1234567a"
# Each stands on its own line, so that a new one is seen by the property.
CHOICES: dict[str, st.SearchStrategy[Any]] = {
    "architecture": st.sampled_from([None, "arm64", "x86_64"]),
    "cpu": st.sampled_from([256, 1024, 16384]),
    "memory": st.sampled_from([None, 2048, 32768]),
    "tasks": st.sampled_from([1, 2]),
    "max_tasks": st.sampled_from([None, 2, 20]),
    "cpu_target": st.sampled_from([1, 65, 100]),
    "vpc": st.sampled_from([None, "vpc-1234567a"]),
    "subnets": st.sampled_from([(), SUBNETS]),
    "public_ip": st.sampled_from([None, True, False]),
    "security_groups": st.sampled_from([(), (GROUP,)]),
    "alb": st.sampled_from(
        [
            {},
            {"internal": True, "subnets": SUBNETS},
            {"security_groups": [GROUP]},
            {"listener": LISTENER, "security_groups": [GROUP], "hosts": ["a.b.com"]},
        ]
    ),
    "domain": st.sampled_from([None, "shop.example.com"]),
    "hosted_zone": st.sampled_from([None, "Z123456"]),
    "certificate": st.sampled_from([None, CERTIFICATE]),
    "log_retention": st.sampled_from([1, 30, 3653]),
    "environment": st.dictionaries(
        st.from_regex(r"[A-Z][A-Z0_]{1,8}", fullmatch=True), st.text(max_size=8), max_size=3
    ),
    "secrets": st.sampled_from([{}, {"URL": SECRET, "TOKEN": PARAMETER}]),
    "tags": st.sampled_from([{}, {"team": "shop"}]),
    "policies": st.sampled_from([(), ("arn:aws:iam::aws:policy/AmazonDynamoDBFullAccess",)]),
    "statements": st.sampled_from(
        [(), ({"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": "*"},)]
    ),
}


def spec(
    rate: float | None = None, server: ServerOptions | None = None, **options: Any
) -> ServiceSpec:
    chosen = ServiceOptions.model_validate(options)
    size = TaskSize(chosen.cpu, chosen.memory or memory_sizes(chosen.cpu)[0], rate)
    front = (server or ServerOptions()).front()
    return ServiceSpec("shop", "1.0", chosen.architecture or "arm64", size, front, options=chosen)


def properties(template: Any, name: str) -> Any:
    return template["Resources"][name]["Properties"]


def project(place: Path, text: str = "") -> Project:
    (place / "pyproject.toml").write_text(
        f'[project]\nname = "shop"\nversion = "1"\n[tool.ferryman]\napp = "shop:app"\n{text}'
    )
    return resolve_project(place, {"server": ServerOptions})


def test_every_template_that_settings_can_make_passes_cfn_lint(tmp_path: Path) -> None:
    made: dict[str, Any] = {}

    @settings(max_examples=120, deadline=None, derandomize=True,
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(st.fixed_dictionaries(CHOICES), st.sampled_from([None, 926.3]))
    def collect(options: dict[str, Any], rate: float | None) -> None:
        try:
            template = service_template(spec(rate, **options))
        except (ConfigError, ValidationError):
            return
        kinds = sorted(template["Resources"])
        made.setdefault(json.dumps([kinds, options["alb"], bool(options["secrets"])]), template)

    collect()
    assert len(made) >= 12
    for number, template in enumerate(list(made.values())[:25]):
        (tmp_path / f"{number}.json").write_text(json.dumps(template), "utf-8")
    assert lint(tmp_path) == ""


def test_the_times_of_the_drain_are_those_that_the_server_computes() -> None:
    made = service_template(spec(server=ServerOptions(graceful_timeout=50, drain_delay=7)))
    (container,) = properties(made, "TaskDefinition")["ContainerDefinitions"]
    assert container["StopTimeout"] == Timing(7, 50, pre_stop_delay=0).shutdown == 69
    (attribute,) = properties(made, "TargetGroup")["TargetGroupAttributes"]
    assert attribute == {"Key": "deregistration_delay.timeout_seconds", "Value": "50"}


def test_a_server_that_needs_longer_to_stop_than_fargate_waits_is_refused() -> None:
    with pytest.raises(ConfigError, match="may take 137 s to stop, and Fargate waits 120") as error:
        service_template(spec(server=ServerOptions(graceful_timeout=120)))
    assert "graceful_timeout" in (error.value.cause or "")


def test_health_is_asked_where_no_client_of_the_app_can_ask() -> None:
    made = service_template(spec())
    group = properties(made, "TargetGroup")
    assert (group["Port"], group["HealthCheckPort"], group["HealthCheckPath"]) == (
        8000,
        "8001",
        "/readyz",
    )
    (listener,) = [
        one["Properties"]
        for one in made["Resources"].values()
        if one["Type"].endswith("::Listener")
    ]
    assert listener["Port"] == 80
    on_app_port = ServerOptions(admin_bind="", health_on_app_port=True)
    group = properties(service_template(spec(server=on_app_port)), "TargetGroup")
    assert group["HealthCheckPort"] == "8000"


def test_a_deployment_that_fails_goes_back_and_no_second_owner_moves_weights() -> None:
    service = properties(service_template(spec()), "Service")
    assert service["DeploymentConfiguration"] == {
        "MaximumPercent": 200,
        "MinimumHealthyPercent": 100,
        "DeploymentCircuitBreaker": {"Enable": True, "Rollback": True},
    }
    assert "DeploymentController" not in service


def test_the_tasks_may_do_nothing_and_the_start_fetches_its_image_and_secrets_alone() -> None:
    made = service_template(spec(secrets={"URL": SECRET, "TOKEN": PARAMETER}))
    assert "Policies" not in properties(made, "TaskRole")
    (policy,) = properties(made, "ExecutionRole")["Policies"]
    actions = {
        action: one["Resource"]
        for one in policy["PolicyDocument"]["Statement"]
        for action in one["Action"]
    }
    assert actions.pop("ecr:GetAuthorizationToken") == "*"
    assert "*" not in actions.values()
    assert actions["secretsmanager:GetSecretValue"] == [SECRET.removesuffix(":url::")]
    assert actions["ssm:GetParameters"] == [PARAMETER]
    assert actions["ecr:BatchGetImage"]["Fn::Sub"].endswith(":repository/shop")


def test_only_the_load_balancer_reaches_the_tasks() -> None:
    made = service_template(spec())
    ingress = properties(made, "TaskGroup")["SecurityGroupIngress"]
    assert [(one["FromPort"], one["SourceSecurityGroupId"]) for one in ingress] == [
        (8000, {"Ref": "BalancerGroup"}),
        (8001, {"Ref": "BalancerGroup"}),
    ]


def test_the_values_of_the_environment_are_in_no_template() -> None:
    made = json.dumps(service_template(spec(environment={"TOKEN": "planted-value"})))
    assert "planted-value" not in made
    assert '"NoEcho": true' in made


def test_the_number_of_tasks_follows_the_requests_that_were_measured(tmp_path: Path) -> None:
    """A vCPU gives 95 answers a second at least: a quarter of one, to 65 %, 926 a minute."""
    write_measurement(tmp_path / FILE_NAME, measurement())
    made = service_template(
        service_spec(project(tmp_path, "[tool.ferryman.server.deploy]\nmax_tasks = 9\n"), "arm64")
    )
    tracking = "TargetTrackingScalingPolicyConfiguration"
    assert properties(made, "ScaleByRequests")[tracking]["TargetValue"] == pytest.approx(
        926.2, 0.01
    )
    assert properties(made, "ScaleByCpu")[tracking]["TargetValue"] == 65
    # A number in the template would set the service back at each update.
    assert "DesiredCount" not in properties(made, "Service")
    assert properties(made, "TaskDefinition")["Memory"] == "512"


def test_memory_follows_what_was_measured(tmp_path: Path) -> None:
    hungry = replace(figures(), memory_load_mib=replace(figures().memory_load_mib, high=700))
    write_measurement(tmp_path / FILE_NAME, measurement(server=hungry))
    made = service_template(service_spec(project(tmp_path), "arm64"))
    assert properties(made, "TaskDefinition")["Memory"] == "1024"
    hungrier = replace(figures(), memory_load_mib=replace(figures().memory_load_mib, high=3000))
    write_measurement(tmp_path / FILE_NAME, measurement(server=hungrier))
    with pytest.raises(ConfigError, match="at most 2048 MiB of memory"):
        service_spec(project(tmp_path), "arm64")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cpu": 256, "memory": 4096}, "512, 1024, 2048"),
        ({"tasks": 3, "max_tasks": 2}, "less than tasks"),
        ({"alb": {"listener": LISTENER}}, "needs alb.security_groups"),
        ({"alb": {"subnets": SUBNETS[:1]}}, "two subnets"),
        ({"subnets": SUBNETS[:1]}, "two subnets"),
        ({"domain": "a.example.com"}, "needs a certificate"),
        ({"secrets": {"AA": "arn:aws:s3:::x"}}, "neither Secrets Manager"),
        ({"secrets": {"AA": SECRET}, "environment": {"AA": "x"}}, "same name"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        ServiceOptions.model_validate(options)


def test_a_choice_of_numbers_may_come_from_a_flag() -> None:
    found = ServiceOptions.model_validate({"cpu": "512", "log_retention": "7"})
    assert (found.cpu, found.log_retention) == (512, 7)
    with pytest.raises(ValidationError):
        ServiceOptions.model_validate({"cpu": "300"})


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ('bind = "127.0.0.1:8000"', "nothing outside the task"),
        ('admin_bind = ""', "a task needs some"),
    ],
)
def test_a_server_that_nothing_can_reach_is_refused(
    tmp_path: Path, server: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        service_spec(project(tmp_path, f"[tool.ferryman.server]\n{server}\n"), "arm64")


def test_the_names_of_all_actions_are_iams() -> None:
    made = service_template(
        spec(900, max_tasks=4, domain="a.example.com", certificate=CERTIFICATE, hosted_zone="Z1")
    )
    kinds = [one["Type"] for one in made["Resources"].values()]
    document = service_statements(StackPlace("shop"), tuple(SERVICE_CALLS), kinds)
    assert unknown_actions(document) == []


def test_a_group_of_a_function_joins_the_rule_at_weight_0_and_scaling_is_taken() -> None:
    """As the template makes them, on a stand-in that keeps weights and checks scaling."""
    made = service_template(spec(926.3, max_tasks=4))
    with moto() as address:
        elb = client("elbv2", address)
        rule, own = _made_rule(address, properties(made, "ListenerRule"))
        (function,) = elb.create_target_group(Name="function", TargetType="lambda")["TargetGroups"]
        version = "arn:aws:lambda:eu-central-1:123456789012:function:shop:live"
        elb.register_targets(TargetGroupArn=function["TargetGroupArn"], Targets=[{"Id": version}])
        shifter = BalancerShifter(elb, rule, own, function["TargetGroupArn"], settle=0)
        shifter.join()
        assert shifter.read().weight == 0
        shifter.write(0, 5)
        (found,) = elb.describe_rules(RuleArns=[rule])["Rules"]
        groups = found["Actions"][0]["ForwardConfig"]["TargetGroups"]
        assert {one["TargetGroupArn"]: one["Weight"] for one in groups} == {
            own: 95,
            function["TargetGroupArn"]: 5,
        }
        ecs = client("ecs", address)
        ecs.create_cluster(clusterName="shop")
        containers = [{"name": "app", "image": "shop", "memory": 512}]
        ecs.register_task_definition(family="shop", containerDefinitions=containers)
        ecs.create_service(cluster="shop", serviceName="shop", taskDefinition="shop")
        scaling = client("application-autoscaling", address)
        target = properties(made, "ScalableTarget") | {"ResourceId": "service/shop/shop"}
        scaling.register_scalable_target(**target)
        for name in ("ScaleByCpu", "ScaleByRequests"):
            policy = dict(properties(made, name))
            del policy["ScalingTargetId"]
            tracking = policy["TargetTrackingScalingPolicyConfiguration"]
            tracking["PredefinedMetricSpecification"].pop("ResourceLabel", None)
            place = {key: target[key] for key in ("ServiceNamespace", "ScalableDimension")}
            scaling.put_scaling_policy(ResourceId=target["ResourceId"], **place, **policy)
        found = scaling.describe_scaling_policies(ServiceNamespace="ecs")["ScalingPolicies"]
        assert len(found) == 2


def _made_rule(address: str, rule: dict[str, Any]) -> tuple[str, str]:
    """Make the template's rule with the API of its own kind; return it and its group."""
    ec2, elb = client("ec2", address), client("elbv2", address)
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"][:2]]
    (balancer,) = elb.create_load_balancer(Name="shop", Subnets=subnets)["LoadBalancers"]
    (listener,) = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "404"}}],
    )["Listeners"]
    (group,) = elb.create_target_group(
        Name="shop", Protocol="HTTP", Port=8000, TargetType="ip", VpcId=balancer["VpcId"]
    )["TargetGroups"]
    elb.register_targets(TargetGroupArn=group["TargetGroupArn"], Targets=[{"Id": "172.31.0.9"}])
    text = json.dumps(rule).replace('{"Ref": "TargetGroup"}', json.dumps(group["TargetGroupArn"]))
    wanted = json.loads(text) | {"ListenerArn": listener["ListenerArn"]}
    (made,) = elb.create_rule(**wanted)["Rules"]
    return made["RuleArn"], group["TargetGroupArn"]
