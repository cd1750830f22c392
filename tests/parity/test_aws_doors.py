"""The deployed zip answers the parity table through the doors of AWS, as a stand-in has them.

`ferryman deploy` makes the stacks. What the stand-in itself loses on the way is listed, and
must go on failing.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
from tests.aws_stand_in import CREDENTIALS, ToStandIn
from tests.cache.servers import REGION, make_table
from tests.parity.sending import TABLE, wait_for
from tests.parity.test_parity import served

from ferryman.building.artifact import Artifact
from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.migrate.parity import Difference, ParityRequest, compare, open_session, send
from ferryman.targets.lambda_.runtime.messages import HttpRequest

Differences = dict[str, dict[str, tuple[Difference, ...]]]

BOTO = {
    "aws_access_key_id": "test",
    "aws_secret_access_key": "test",
    "region_name": "us-east-1",
}
EXAMPLE = Path(__file__).parents[2] / "examples" / "postcards"

DOORS: Mapping[str, tuple[str, ...]] = {
    "function-url": ("--set", "lambda.deploy.public=true"),
    "http-api": ("--set", "lambda.deploy.door=http-api"),
    "alb": (
        "--set",
        "lambda.deploy.door=alb",
        "--set",
        'lambda.deploy.alb={"subnets": ["subnet-00000001", "subnet-00000002"]}',
    ),
    "cloudfront": ("--env", "production"),
}
"""What the command is told of a door; the example's production is behind CloudFront."""

# Headers of AWS's own, which every door adds or replaces.
_OF_AWS = re.compile(
    r": (x-(amzn?|cache|edge)[\w-]*|apigw-requestid|server|via|age|date|connection): "
)

# It takes a form that is posted to /login for one of its own sign-in service. So the function
# gets it straight from the test: later requests bring the session that it makes.
_LOGIN = {
    "sign in: two cookies in one answer",
    "sign in with a name beyond ASCII",
    "sign in without a name",
}
# It decodes the path before it writes the event.
_PATHS = {
    "an encoded slash",
    "spaces, and a plus with its code, in a path",
    "a path in small hexadecimal digits",
    "a path that is not UTF-8",
    "a path with encoded dots",
}
# It writes the query again from its parsed pairs.
_QUERIES = {
    "an old address, for good, with its query",
    "a query of repeated, blank and bare keys",
    "a query of pluses, spaces and encoded marks",
    "a query beyond ASCII",
    "a deletion with a query",
}
# It gives an answer without a body the type application/json.
_BODILESS = {
    "a stamp that the client has",
    "a card taken down",
    "a file that the client has, whatever its version",
    "a file in a version that nobody has",
}
# It takes a compressed body for text by its type; the card that was sent so is missing later.
_COMPRESSED = {
    "a new card, sent compressed",
    "a compressed body",
    "a compressed body that grows beyond the limit",
    "what the sorting office counted",
    "all the cards, streamed",
    "all the cards, streamed and compressed",
    "events",
    "events, from where the client left off",
    "the wall after all this",
}

NOT_CARRIED: Mapping[str, set[str]] = {
    "function-url": {
        "an encoded percent sign", *_LOGIN, *_PATHS, *_QUERIES, *_BODILESS, *_COMPRESSED
    },
    # It answers OPTIONS itself, as an API does that has CORS settings.
    "http-api": {
        "options", "options of the wall", *_LOGIN, *_PATHS, *_BODILESS, *_COMPRESSED
    },
    "alb": {
        "an encoded percent sign",
        "cards whose text has a plus and spaces",
        *_LOGIN, *_PATHS, *_QUERIES,
    },
    "cloudfront": {*_LOGIN, *_QUERIES, *_BODILESS, *_COMPRESSED},
}  # fmt: skip
"""Requests of the table that the stand-in's doors lose something of, by door."""


@pytest.fixture(scope="module")
def differences(
    ministack: int,
    postcards_bundle: Artifact,
    emulator: Path,
    tmp_path_factory: pytest.TempPathFactory,
    unused_tcp_port_factory: object,
) -> Differences:
    """Deploy behind every door, send each the table, and return where it differs."""
    plain, secure = (unused_tcp_port_factory() for _ in range(2))  # type: ignore[operator]
    logs = tmp_path_factory.mktemp("servers")
    with (
        served("server", plain, emulator, logs / "plain.log"),
        served("server", secure, emulator, logs / "secure.log"),
        ThreadPoolExecutor(2) as threads,
    ):
        for door in DOORS:
            make_table(ministack, f"wall-{door}")
        deployed = threads.map(lambda door: deploy(door, ministack, postcards_bundle), DOORS)
        urls = dict(zip(DOORS, deployed, strict=True))
        by_http, by_https = (f"http://127.0.0.1:{port}" for port in (plain, secure))
        return asyncio.run(compare_all(urls, by_http, by_https, ministack))


@pytest.mark.parametrize("door", DOORS)
def test_the_deployed_zip_answers_as_the_server_does(door: str, differences: Differences) -> None:
    found = {
        name: [text for text in map(str, some) if not _OF_AWS.search(text)]
        for name, some in differences[door].items()
    }
    lost = {name for name, some in found.items() if some}
    assert lost == NOT_CARRIED[door], found


def deploy(door: str, port: int, bundle: Artifact) -> str:
    """Deploy the zip behind a door, and return the URL that the command prints."""
    # The stand-in may run several environments, which share what a table keeps.
    variables = {"POSTCARDS_CACHE": f"dynamodb://wall-{door}?region={REGION}&timeout=30"}
    command = (
        *(sys.executable, "-m", "ferryman", "deploy", "-t", "lambda", "-C", str(EXAMPLE)),
        *("--python", f"3.{sys.version_info.minor}", "--zip", bundle.path, "--yes"),
        *("--stack", f"postcards-{door}", *DOORS[door]),
        *("--set", f"lambda.deploy.environment={json.dumps(variables)}"),
    )
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        **CREDENTIALS,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
    }
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    host = done.stdout.split()[-1].partition("://")[2]
    # The stand-in speaks plain HTTP at one port, and takes its own domain for AWS's.
    if door == "http-api":
        host = host.replace(".us-east-1.amazonaws.com", ".localhost")
    if door == "alb":
        register_target(port, "postcards-alb", "postcards-alb")
    return f"http://{host.strip('/')}:{port}"


def register_target(port: int, target_group: str, function: str) -> None:
    """Register the function, which CloudFormation does and the stand-in leaves out."""
    client = boto3.client("elbv2", endpoint_url=f"http://127.0.0.1:{port}", **BOTO)
    (group,) = [
        one["TargetGroupArn"]
        for one in client.describe_target_groups()["TargetGroups"]
        if one["TargetGroupName"].startswith(target_group)
    ]
    arn = f"arn:aws:lambda:us-east-1:000000000000:function:{function}:live"
    client.register_targets(TargetGroupArn=group, Targets=[{"Id": arn}])


def invoke(port: int, function: str, request: ParityRequest) -> None:
    """Have a deployed function answer a request without a door."""
    client = boto3.client("lambda", endpoint_url=f"http://127.0.0.1:{port}", **BOTO)
    asked = HttpRequest(
        *(request.method, request.target, request.headers, request.body or b""),
        *("https", "127.0.0.1"),
    )
    event = json.dumps(GATEWAYS["function-url"].encode_request(asked))
    done = client.invoke(FunctionName=function, Qualifier="live", Payload=event)
    assert json.loads(done["Payload"].read())["statusCode"] == request.status


async def compare_all(
    urls: Mapping[str, str], plain: str, secure: str, ministack: int
) -> Differences:
    """Send the table to every door, and to a server that is told the same scheme."""
    found: Differences = {door: {} for door in urls}
    async with (
        open_session() as direct,
        open_session(ToStandIn.connector()) as through,
        open_session(ToStandIn.connector()) as told,
    ):
        # The stand-in speaks no TLS, and CloudFront sends plain requests to https.
        told.headers["X-Forwarded-Proto"] = "https"
        for url in (plain, secure):
            await wait_for(direct, url)
        for request in TABLE:
            by_http = await send(direct, plain, request)
            by_https = await send(told, secure, request)
            for door, url in urls.items():
                session = told if door == "cloudfront" else through
                expected = by_http if door == "alb" else by_https
                answers = {door: await send(session, url, request), "server": expected}
                if request.name in _LOGIN:
                    await asyncio.to_thread(invoke, ministack, f"postcards-{door}", request)
                found[door][request.name] = compare(request, answers)
    return found
