"""A stand-in for AWS on this machine: ministack, which runs stacks and the functions in them.

It answers its own API and, by the name of a host, as Function URLs, HTTP APIs, load balancers
and CloudFront do. It binds to loopback, and knows no credentials.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver
from click.testing import Result
from scripts.ports import free_port

__all__ = (
    "CREDENTIALS",
    "STAND_INS",
    "Run",
    "ToStandIn",
    "Zip",
    "client",
    "good",
    "lint",
    "recorded_calls",
    "refusal",
    "refusing",
    "running_ministack",
    "stack_there",
    "unknown_actions",
)

Run = Callable[..., Result]
"""Runs a verb on a project."""

Zip = Callable[[str], str]
"""Makes a zip of some content, and returns its path."""

STAND_INS = Path(__file__).parents[1] / ".tools" / "aws-stand-ins" / "bin"

CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "AKIAPLANTEDPLANTED00",
    "AWS_SECRET_ACCESS_KEY": "planted-secret-key-planted-secret",
    "AWS_SESSION_TOKEN": "planted-session-token",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/nonexistent",
    "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
}


@contextmanager
def running_ministack(place: Path) -> Iterator[int]:
    """Run ministack, with its files in a directory, and yield its port."""
    program = STAND_INS / "ministack"
    assert program.is_file(), f"there is no {program}: run `make setup`"
    port = free_port()
    environment = {
        "PATH": os.defpath,
        "HOME": str(place),
        "TMPDIR": str(place),
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",  # which would listen on every address
        "LAMBDA_EXECUTOR": "local",
    }
    with (place / "ministack.log").open("w") as log:
        process = subprocess.Popen([program], cwd=place, env=environment, stdout=log, stderr=log)
        try:
            _wait(process, port)
            yield port
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class ToStandIn(AbstractResolver):
    """Resolves every name to this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> Any:
        """Return loopback, whatever the name."""
        return [
            {
                "hostname": host,
                "host": "127.0.0.1",
                "port": port,
                "family": family,
                "proto": 0,
                "flags": 0,
            }
        ]

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    @classmethod
    def connector(cls) -> aiohttp.TCPConnector:
        """Return a connector for aiohttp's client."""
        return aiohttp.TCPConnector(resolver=cls())


@contextmanager
def recorded_calls(patch: Callable[..., None]) -> Iterator[list[tuple[str, str]]]:
    """Record every API call that boto3 sends, as `(service, operation)`.

    Args:
        patch: pytest's `monkeypatch.setattr`.
    """
    from botocore.client import BaseClient  # type: ignore[import-untyped]

    calls: list[tuple[str, str]] = []
    send = BaseClient._make_api_call

    def record(self: Any, operation: str, parameters: dict[str, Any]) -> Any:
        calls.append((self.meta.service_model.service_name, operation))
        return send(self, operation, parameters)

    patch(BaseClient, "_make_api_call", record)
    yield calls


def refusing(
    patch: Callable[..., None], operation: str, error: Exception, *, after: bool = False
) -> None:
    """Let the next call of an operation fail, as the stand-in never does.

    Args:
        patch: pytest's `monkeypatch.setattr`.
        operation: In AWS's own name, such as `ExecuteChangeSet`.
        error: What boto3 raises.
        after: Whether AWS has done it all the same, and only the answer is lost.
    """
    from botocore.client import BaseClient

    send, left = BaseClient._make_api_call, [error]

    def refuse(self: Any, called: str, parameters: dict[str, Any]) -> Any:
        if called != operation or not left:
            return send(self, called, parameters)
        if after:
            send(self, called, parameters)
        raise left.pop()

    patch(BaseClient, "_make_api_call", refuse)


def refusal(operation: str, code: str, message: str = "") -> Exception:
    """Return what boto3 raises where AWS refuses an operation."""
    from botocore.exceptions import ClientError  # type: ignore[import-untyped]

    error: Exception = ClientError({"Error": {"Code": code, "Message": message}}, operation)
    return error


def client(service: str) -> Any:
    """Return boto3's client of a service of the stand-in."""
    import boto3  # type: ignore[import-untyped]

    return boto3.client(service, region_name="us-east-1")


def stack_there(name: str) -> bool:
    """Say whether there is a stack of a name."""
    found = client("cloudformation").describe_stacks()["Stacks"]
    return any(s["StackName"] == name and s["StackStatus"] != "DELETE_COMPLETE" for s in found)


def good(result: Result) -> Result:
    """Return the result of a command that has to succeed."""
    assert result.exception is None, (result.exception, result.stderr)
    return result


def lint(folder: Path) -> str:
    """Return what cfn-lint says of the templates in a directory."""
    paths = [str(path) for path in sorted(folder.glob("*.json"))]
    command = [str(STAND_INS / "cfn-lint"), "--format", "parseable", "--template", *paths]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def unknown_actions(document: Mapping[str, Any]) -> list[str]:
    """Return the actions of a policy that IAM does not know.

    policy-sentry has those of the service authorization reference.
    """
    actions = sorted({a for s in document["Statement"] for a in s["Action"]})
    code = (
        "import json, sys\n"
        "from policy_sentry.querying.all import get_all_actions\n"
        "known = {a.lower() for a in get_all_actions()}\n"
        "print(json.dumps([a for a in json.loads(sys.argv[1]) if a.lower() not in known]))\n"
    )
    command = [str(STAND_INS / "python"), "-c", code, json.dumps(actions)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "ministack ended"
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("ministack does not answer")
