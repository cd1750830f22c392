"""Secrets are read when a process starts, by references; their values are in no error."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest
from tests.aws_stand_in import CREDENTIALS

from ferryman.core.app_settings import Rotation, SettingMissing, provide_settings
from ferryman.core.secret_reading import SecretUnreadable, read_secrets
from ferryman.core.secret_references import parse_reference

PLANTED = "planted-value-7f3a"


@pytest.fixture(scope="module")
def aws(ministack: int) -> dict[str, str]:
    """Return an environment whose AWS has secrets."""
    environment = {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{ministack}"}
    clients = {
        service: boto3.client(
            service,
            region_name="us-east-1",
            endpoint_url=environment["AWS_ENDPOINT_URL"],
            aws_access_key_id="a",
            aws_secret_access_key="b",
        )
        for service in ("secretsmanager", "ssm")
    }
    held = json.dumps({"url": PLANTED, "port": 5432, "list": [1]})
    clients["secretsmanager"].create_secret(Name="prod/shop", SecretString=held)
    clients["secretsmanager"].create_secret(Name="prod/bytes", SecretBinary=b"\xff")
    clients["ssm"].put_parameter(Name="/prod/key", Value=PLANTED, Type="SecureString")
    for client in clients.values():
        client.close()
    return environment


def test_secrets_of_aws_and_files_are_read(aws: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "url").write_text(f"{PLANTED}\n")
    asked = {
        "WHOLE": "aws-sm:prod/shop",
        "URL": "aws-sm:prod/shop#url",
        "PORT": "aws-sm:prod/shop#port",
        "KEY": "aws-ssm:/prod/key",
        "FILE": f"file:{tmp_path / 'url'}",
    }
    found = read_secrets(asked, aws)
    assert json.loads(found.pop("WHOLE"))["url"] == PLANTED
    assert found == {"URL": PLANTED, "PORT": "5432", "KEY": PLANTED, "FILE": PLANTED}


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("aws-sm:prod/none", "is the name right"),
        ("aws-sm:prod/shop#none", "not a JSON object with a text under 'none'"),
        ("aws-sm:prod/shop#list", "not a JSON object with a text under 'list'"),
        ("aws-sm:prod/bytes", "store it as text"),
        ("aws-ssm:/prod/none", "is the name right"),
        ("aws-ssm:/prod/key", "is the name right"),
        ("file:/nowhere/planted", "put the file there"),
        ("k8s:shop/url", "manifests of `ferryman build -t k8s`"),
    ],
)
def test_what_cannot_be_read_is_named(reference: str, told: str, aws: dict[str, str]) -> None:
    if reference == "aws-ssm:/prod/key":
        aws = aws | {"AWS_REGION": "eu-west-1"}  # another region has other parameters
    with pytest.raises(SecretUnreadable) as raised:
        read_secrets({"DATABASE_URL": reference}, aws)
    text = str(raised.value)
    assert "DATABASE_URL" in text
    assert reference in text
    assert told in text
    assert PLANTED not in text
    assert raised.value.exit_code == 2


def test_aws_that_is_away_or_has_no_region(aws: dict[str, str]) -> None:
    away = aws | {"AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    with pytest.raises(SecretUnreadable, match="does not answer"):
        read_secrets({"A": "aws-sm:prod/shop"}, away)
    nowhere = {name: value for name, value in aws.items() if name != "AWS_REGION"}
    with pytest.raises(SecretUnreadable, match="set AWS_REGION"):
        read_secrets({"A": "aws-sm:prod/shop"}, nowhere)


def test_an_arn_says_the_region_itself() -> None:
    reference = parse_reference("aws-sm:arn:aws:secretsmanager:eu-west-1:1:secret:a/b-AbCdEf#k")
    assert reference.name == "arn:aws:secretsmanager:eu-west-1:1:secret:a/b-AbCdEf"
    assert reference.key == "k"


def test_what_the_platform_set_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(PLANTED)
    settings: dict[str, Any] = {
        "TITLE": "built",
        "PAGE": "20",
        "DATABASE_URL": {"secret": "k8s:shop/url"},
        "API_KEY": {"secret": f"file:{tmp_path / 'secret'}"},
        "REGION": {"required": True},
    }
    environment = {"TITLE": "set", "DATABASE_URL": "by the pod", "REGION": "eu"}
    provide_settings(settings, environment)
    assert environment == {
        "TITLE": "set",
        "PAGE": "20",
        "DATABASE_URL": "by the pod",
        "API_KEY": PLANTED,
        "REGION": "eu",
    }
    del environment["REGION"]
    with pytest.raises(SettingMissing, match="needs REGION"):
        provide_settings(settings, environment)


def test_a_new_value_is_read_in_time_and_an_unreadable_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("first")
    now, environment = [1000.0], {"KEY": "first"}
    rotation = Rotation({"KEY": f"file:{secret}"}, environment, lambda: now[0])
    secret.write_text(PLANTED)
    rotation.renew_if_due()
    assert environment["KEY"] == "first"
    now[0] += 301
    rotation.renew_if_due()
    assert environment["KEY"] == PLANTED
    secret.unlink()
    now[0] += 301
    with caplog.at_level(logging.WARNING):
        rotation.renew_if_due()
    assert environment["KEY"] == PLANTED
    assert "the value it had stays" in caplog.text
    assert PLANTED not in caplog.text
