"""What stands in the way of a deploy is named, and running it again goes on."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from botocore.exceptions import ConnectionClosedError  # type: ignore[import-untyped]
from tests.aws_stand_in import (
    Run,
    Zip,
    client,
    good,
    recorded_calls,
    refusal,
    refusing,
    stack_there,
)

from ferryman.aws.refusals import AwsError, ExpiredCredentials, MissingPermission
from ferryman.aws.session import open_session
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.lambda_.deploying.function import read_alias

CUT = ConnectionClosedError(endpoint_url="https://cloudformation.us-east-1.amazonaws.com")


def live(name: str) -> str:
    return read_alias(open_session(), name).version


def test_credentials_that_are_missing_or_expired_are_told(
    run: Run, zipped: Zip, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    error = run("deploy", "--zip", zipped("one")).exception
    assert isinstance(error, AwsError)
    assert error.message == "there are no AWS credentials"
    assert error.exit_code == 2
    monkeypatch.delenv("AWS_REGION")
    region = run("status").exception
    assert isinstance(region, ConfigError)
    assert "--region" in (region.hint or "")


def test_a_zip_over_the_limit_says_what_takes_the_space(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("torch/lib.so", bytes(260 * 1024 * 1024))
    error = run("deploy", "--zip", str(path), "-y").exception
    assert isinstance(error, FerrymanError)
    assert "Lambda allows 250 MiB" in error.message
    assert "torch (260 MiB)" in (error.cause or "")


def test_credentials_that_expire_during_a_deploy_are_renewed_and_it_goes_on(
    run: Run, zipped: Zip, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expired = refusal("ExecuteChangeSet", "ExpiredTokenException", "The security token expired")
    with monkeypatch.context() as once:
        refusing(once.setattr, "ExecuteChangeSet", expired)
        error = run("deploy", "--zip", zipped("one"), "-y").exception
    assert isinstance(error, ExpiredCredentials)
    assert error.message == "the AWS credentials have expired"
    assert "run the same command: it goes on" in (error.hint or "")
    good(run("deploy", "--zip", zipped("one"), "-y"))
    assert live(stack) == "1"


@pytest.mark.parametrize(
    ("operation", "after"),
    [("CreateChangeSet", True), ("ExecuteChangeSet", True), ("DescribeStackEvents", False),
     ("UpdateAlias", False), ("UpdateAlias", True)],
)  # fmt: skip
def test_a_connection_that_is_cut_anywhere_is_gone_on_from(
    run: Run,
    zipped: Zip,
    stack: str,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    after: bool,
) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    with monkeypatch.context() as once:
        refusing(once.setattr, operation, CUT, after=after)
        error = run("deploy", "--zip", zipped("two"), "-y").exception
    assert isinstance(error, AwsError)
    assert "run the same command again" in (error.hint or "")
    good(run("deploy", "--zip", zipped("two"), "-y"))
    assert live(stack) == "2"
    assert run("status").return_value == 0


def test_a_right_that_is_missing_is_named_with_the_statement_that_grants_it(
    run: Run, zipped: Zip, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arn = f"arn:aws:cloudformation:us-east-1:000000000000:stack/{stack}/*"
    said = (
        "User: arn:aws:iam::000000000000:user/ci is not authorized to perform: "
        f"cloudformation:CreateChangeSet on resource: {arn} because no identity-based policy "
        "allows the cloudformation:CreateChangeSet action"
    )
    denied = refusal("CreateChangeSet", "AccessDenied", said)
    refusing(monkeypatch.setattr, "CreateChangeSet", denied)
    error = run("deploy", "--zip", zipped("one"), "-y").exception
    assert isinstance(error, MissingPermission)
    assert error.message == "these credentials may not do cloudformation:CreateChangeSet"
    statement = json.loads((error.hint or "").partition("policy: ")[2].partition(";")[0])
    assert statement == {
        "Effect": "Allow",
        "Action": "cloudformation:CreateChangeSet",
        "Resource": arn,
    }


def test_what_is_in_another_region_is_not_found_and_the_region_is_named(
    run: Run, zipped: Zip, stack: str
) -> None:
    good(run("deploy", "--zip", zipped("one"), "-y"))
    error = run("status", "--region", "eu-central-1").exception
    assert isinstance(error, FerrymanError)
    assert error.message == f"{stack} is not deployed in eu-central-1"
    assert run("diff", "--zip", zipped("one"), "--region", "eu-central-1").return_value == 1


def test_a_name_that_is_taken_is_said_before_anything_is_made(
    run: Run, zipped: Zip, stack: str
) -> None:
    client("lambda").create_function(
        FunctionName=stack,
        Runtime="python3.13",
        Handler="shop.handler",
        Role="arn:aws:iam::000000000000:role/other",
        Code={"ZipFile": Path(zipped("other")).read_bytes()},
    )
    error = run("deploy", "--zip", zipped("one"), "-y").exception
    assert isinstance(error, ConfigError)
    assert error.message == f"there is already a function {stack} in us-east-1"
    assert "--stack" in (error.hint or "")
    assert not stack_there(stack)


def test_a_bucket_of_another_account_gets_nothing(
    run: Run, zipped: Zip, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing(monkeypatch.setattr, "HeadBucket", refusal("HeadBucket", "403", "Forbidden"))
    with recorded_calls(monkeypatch.setattr) as calls:
        error = run("deploy", "--zip", zipped("one"), "--bucket", "theirs", "-y").exception
    assert isinstance(error, ConfigError)
    assert error.message == "the bucket theirs is not this account's, or may not be seen"
    assert ("s3", "PutObject") not in calls
    assert not stack_there(stack)


def test_every_call_to_a_bucket_names_the_account_that_must_own_it(
    run: Run, zipped: Zip, stack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from botocore.client import BaseClient  # type: ignore[import-untyped]

    owners: list[object] = []
    send = BaseClient._make_api_call

    def record(self: object, operation: str, parameters: dict[str, object]) -> object:
        if "Bucket" in parameters and operation != "CreateBucket":
            owners.append(parameters.get("ExpectedBucketOwner"))
        return send(self, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", record)
    good(run("deploy", "--zip", zipped("one"), "--bucket", f"of-{stack}", "-y"))
    assert set(owners) == {"000000000000"}


@pytest.mark.parametrize("python", ["3.10", "3.99"])
def test_a_python_without_a_managed_runtime_is_refused(
    run: Run, zipped: Zip, stack: str, python: str
) -> None:
    error = run("deploy", "--zip", zipped("one"), "--python", python, "-y").exception
    assert isinstance(error, ConfigError)
    assert python in error.message
    assert not stack_there(stack)


@contextmanager
def throttling(times: int) -> Iterator[tuple[str, list[float]]]:
    """Run a service that throttles so many requests; yield its address and when they came."""
    came: list[float] = []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(time.monotonic())
            self.rfile.read(int(self.headers["Content-Length"]))
            body = (
                b"<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message>"
                b"</Error></ErrorResponse>"
                if len(came) <= times
                else b"<DescribeStacksResponse><DescribeStacksResult><Stacks></Stacks>"
                b"</DescribeStacksResult></DescribeStacksResponse>"
            )
            self.send_response(400 if len(came) <= times else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", came
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_throttling_is_waited_out_and_given_up_after_five_times(
    aws_stand_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    import botocore.endpoint  # type: ignore[import-untyped]

    waited: list[float] = []
    monkeypatch.setattr(botocore.endpoint.time, "sleep", waited.append)
    with throttling(3) as (address, came):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        assert open_session().call("cloudformation", "describe_stacks")["Stacks"] == []
        assert len(came) == 4
    with throttling(99) as (address, came):
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        with pytest.raises(AwsError) as error:
            open_session().call("cloudformation", "describe_stacks")
        assert len(came) == 5
    assert error.value.message == (
        "AWS throttles cloudformation:DescribeStacks, and went on doing so"
    )
    assert sum(waited[-4:]) <= 15, "the pauses are bounded"
