"""What an app needs is said once, by name; each target gives it in its own way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.k8s.planning import plan_text
from ferryman.targets.lambda_.deploying.specification import parameters, template_text
from ferryman.targets.registry import installed_targets
from ferryman.targets.server.deploying.service_spec import deploy_options
from ferryman.targets.server.systemd import environment_file

SETTINGS = """
[tool.ferryman]
app = "shop:app"
name = "shop"

[tool.ferryman.settings]
SHOP_TITLE = "Ada's shop, 100 % \\"$HOME\\""
SHOP_PAGE = 20
SHOP_OPEN = true
SHOP_SALT = { value = "postgres://user:public@host/" }
API_KEY = { secret = "aws-ssm:/prod/shop/key" }
REGION_NAME = { required = true }

[tool.ferryman.settings.DATABASE_URL.secret]
lambda = "aws-sm:prod/shop#url"
k8s = "k8s:shop/url"
server = "file:/run/secrets/url"

[tool.ferryman.lambda.deploy]
environment = { REGION_NAME = "eu" }

[tool.ferryman.k8s]
image = "registry.example/shop:1"
environment = { SHOP_PAGE = "50" }

[tool.ferryman.env.prod.settings]
SHOP_TITLE = "The shop"
"""


def project(root: Path, text: str = SETTINGS, overlay: str | None = None) -> Project:
    (root / "pyproject.toml").write_text(text)
    (root / "shop.py").write_text("from aiohttp import web\napp = web.Application()\n")
    targets = {name: target.options for name, target in installed_targets().items()}
    return resolve_project(root, targets, overlay=overlay)


def test_plain_values_go_where_each_target_has_them(tmp_path: Path) -> None:
    found = project(tmp_path)
    on_lambda = parameters(found)
    assert on_lambda["EnvSHOP0xPAGE"] == "20"
    assert on_lambda["EnvSHOP0xOPEN"] == "true"
    assert on_lambda["EnvREGION0xNAME"] == "eu"
    variables = json.loads(template_text(found, "0" * 64))["Resources"]["Function"]["Properties"]
    assert {"SHOP_TITLE", "REGION_NAME"} <= variables["Environment"]["Variables"].keys()
    assert not {"DATABASE_URL", "API_KEY"} & variables["Environment"]["Variables"].keys()
    objects = manifests(found)
    assert objects["ConfigMap"]["data"] == {
        "SHOP_OPEN": "true",
        "SHOP_PAGE": "50",
        "SHOP_SALT": "postgres://user:public@host/",
        "SHOP_TITLE": 'Ada\'s shop, 100 % "$HOME"',
    }
    lines = environment_file("shop", found.fields.settings)
    assert 'SHOP_TITLE="Ada\'s shop, 100 % \\"\\$HOME\\""\n' in lines
    assert "# DATABASE_URL is a secret, read when the server starts: file:/run/secrets/url" in lines
    assert "#REGION_NAME=\n" in lines


def test_an_overlay_changes_one_setting(tmp_path: Path) -> None:
    found = project(tmp_path, overlay="prod")
    assert parameters(found)["EnvSHOP0xTITLE"] == "The shop"
    assert parameters(found)["EnvSHOP0xPAGE"] == "20"


def test_each_target_reads_a_secret_in_its_own_way(tmp_path: Path) -> None:
    found = project(tmp_path)
    container = manifests(found)["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    assert container["env"] == [
        {"name": "DATABASE_URL", "valueFrom": {"secretKeyRef": {"name": "shop", "key": "url"}}}
    ]
    role = json.loads(template_text(found, "0" * 64))["Resources"]["Role"]["Properties"]
    statements = role["Policies"][0]["PolicyDocument"]["Statement"]
    place = "${AWS::Region}:${AWS::AccountId}"
    assert {
        "Effect": "Allow",
        "Action": ["secretsmanager:GetSecretValue"],
        "Resource": [
            {"Fn::Sub": f"arn:${{AWS::Partition}}:secretsmanager:{place}:secret:prod/shop-??????"}
        ],
    } in statements
    assert {
        "Effect": "Allow",
        "Action": ["ssm:GetParameter"],
        "Resource": [{"Fn::Sub": f"arn:${{AWS::Partition}}:ssm:{place}:parameter/prod/shop/key"}],
    } in statements
    assert found.baked("lambda", {}).settings["DATABASE_URL"] == {"secret": "aws-sm:prod/shop#url"}
    assert found.baked("server", {}).settings["DATABASE_URL"] == {"secret": "file:/run/secrets/url"}
    assert found.baked("server", {}).settings["REGION_NAME"] == {"required": True}


def test_a_service_on_ecs_has_them_too(tmp_path: Path) -> None:
    options = deploy_options(project(tmp_path))
    assert options.environment["SHOP_PAGE"] == "20"
    assert "DATABASE_URL" not in options.environment
    (statement,) = options.statements
    assert statement["Action"] == ["ssm:GetParameter"], "a file needs no permission"


def manifests(found: Project) -> dict[str, Any]:
    text = plan_text(found, lambda _: None)
    return {one["kind"]: one for one in yaml.safe_load_all(text) if one}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('DB_PASSWORD = "planted-7f3a"', "DB_PASSWORD looks like a secret"),
        ('DB = "postgres://u:planted-7f3a@h/"', "DB looks like a secret"),
        ('DB = { secret = "planted-7f3a" }', "not a reference to a secret"),
        ('DB = { secret = "aws-sn:planted-7f3a" }', "not a reference to a secret"),
        ('DB = { secret = "k8s:shop" }', "k8s:shop/url"),
        ('DB = { secret = "file:relative" }', "file:/run/secrets/url"),
        ('DB = { secret = { vm = "aws-sm:a" } }', "lambda, server, k8s"),
        ("DB = { required = false }", "required = true"),
        ("DB = [1]", "a setting is"),
        ('"not a name" = "1"', "settings"),
    ],
)
def test_a_wrong_setting_is_named_and_its_content_is_not(
    line: str, told: str, tmp_path: Path
) -> None:
    text = f'[tool.ferryman]\napp = "shop:app"\n[tool.ferryman.settings]\n{line}\n'
    with pytest.raises(ConfigError) as raised:
        project(tmp_path, text)
    assert told in str(raised.value)
    assert "planted-7f3a" not in str(raised.value)


@pytest.mark.parametrize("line", ['DB = { secret = "k8s:shop/url" }', "DB = { required = true }"])
def test_a_function_that_would_not_have_a_setting_is_not_built(line: str, tmp_path: Path) -> None:
    text = f'[tool.ferryman]\napp = "shop:app"\n[tool.ferryman.settings]\n{line}\n'
    with pytest.raises(ConfigError, match=r"settings\] DB: the app needs it"):
        template_text(project(tmp_path, text), "0" * 64)
