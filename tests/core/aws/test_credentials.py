"""Credentials are found where an SDK finds them, and hidden from errors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from ferryman.core.aws.credentials import CredentialSource, NoCredentials, has_credentials
from ferryman.core.aws.signing import Credentials

FOUND = Credentials("AKIAFOUND", "planted-secret", "planted-token")


def handed_out(minutes: float = 60) -> dict[str, str]:
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    return {
        "AccessKeyId": FOUND.key,
        "SecretAccessKey": FOUND.secret,
        "Token": FOUND.token or "",
        "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


async def found(environment: dict[str, str]) -> Credentials:
    async with aiohttp.ClientSession() as session:
        return await CredentialSource(session, environment).get()


async def test_variables_come_first() -> None:
    variables = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    assert await found(variables) == Credentials("a", "b")
    assert has_credentials(variables)


async def test_a_web_identity_is_exchanged_for_a_role(aiohttp_server: Any, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("planted-identity\n")

    async def assume(request: web.Request) -> web.Response:
        form = await request.post()
        assert form["Action"] == "AssumeRoleWithWebIdentity"
        assert form["WebIdentityToken"] == "planted-identity"
        assert form["RoleArn"] == "arn:aws:iam::1:role/app"
        values = handed_out()
        values["SessionToken"] = values.pop("Token")
        fields = "".join(f"<{name}>{value}</{name}>" for name, value in values.items())
        return web.Response(text=f"<R xmlns='x'><Credentials>{fields}</Credentials></R>")

    app = web.Application()
    app.router.add_post("/", assume)
    server = await aiohttp_server(app)
    environment = {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::1:role/app",
        "AWS_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_STS": f"http://127.0.0.1:{server.port}",
    }
    assert await found(environment) == FOUND
    assert has_credentials(environment)


async def test_pod_identity_reads_its_token_anew_each_time(
    aiohttp_server: Any, tmp_path: Path
) -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.headers["Authorization"])
        return web.json_response(handed_out(minutes=4))  # too short to be kept

    app = web.Application()
    app.router.add_get("/v1/credentials", answer)
    server = await aiohttp_server(app)
    token = tmp_path / "eks-pod-identity-token"
    environment = {
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.port}/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(token),
    }
    async with aiohttp.ClientSession() as session:
        source = CredentialSource(session, environment)
        for turn in ("first", "second"):
            token.write_text(turn)
            assert await source.get() == FOUND
    assert asked == ["first", "second"]


async def test_an_instance_hands_out_its_role_once_for_an_hour(aiohttp_server: Any) -> None:
    asked = []

    async def token(request: web.Request) -> web.Response:
        return web.Response(text="imds-token")

    async def role(request: web.Request) -> web.Response:
        assert request.headers["X-aws-ec2-metadata-token"] == "imds-token"
        asked.append(request.path)
        named = request.match_info["role"]
        return web.json_response(handed_out()) if named else web.Response(text="app-role\n")

    app = web.Application()
    app.router.add_put("/latest/api/token", token)
    app.router.add_get("/latest/meta-data/iam/security-credentials/{role:.*}", role)
    server = await aiohttp_server(app)
    environment = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": f"http://127.0.0.1:{server.port}"}
    async with aiohttp.ClientSession() as session:
        source = CredentialSource(session, environment)
        assert await source.get() == await source.get() == FOUND
        assert len(asked) == 2
        assert source.forget(), "a role's credentials can be had again"
        assert await source.get() == FOUND
        assert len(asked) == 4


async def test_a_profile_of_the_shared_file(tmp_path: Path) -> None:
    path = tmp_path / "credentials"
    path.write_text(
        "[default]\naws_access_key_id = x\n[app]\naws_access_key_id = AKIAFOUND\n"
        "aws_secret_access_key = planted-secret\naws_session_token = planted-token\n"
    )
    environment = {"AWS_SHARED_CREDENTIALS_FILE": str(path), "AWS_PROFILE": "app"}
    assert await found(environment) == FOUND


@pytest.mark.parametrize("answer", ["{}", "[]", "no json", '{"AccessKeyId": "planted"}'])
async def test_what_hands_out_nonsense_is_named_and_its_words_are_not(
    answer: str, aiohttp_server: Any
) -> None:
    async def nonsense(request: web.Request) -> web.Response:
        return web.Response(text=answer)

    app = web.Application()
    app.router.add_get("/", nonsense)
    server = await aiohttp_server(app)
    address = f"http://127.0.0.1:{server.port}/"
    with pytest.raises(NoCredentials) as raised:
        await found({"AWS_CONTAINER_CREDENTIALS_FULL_URI": address, "HOME": "/nowhere"})
    assert address in str(raised.value)
    assert "planted" not in str(raised.value)


async def test_no_credentials_at_all() -> None:
    with pytest.raises(NoCredentials, match="no AWS credentials in the environment"):
        await found({"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"})
    assert not has_credentials({})
