"""A secret that is planted is found in nothing that a build, a run and a failure leave."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import pytest
from scripts.ports import free_port
from tests.cache.servers import credentials_for

PLANTED = "planted-9c41-value-of-a-secret"
DIGEST = hashlib.sha256(PLANTED.encode()).hexdigest()

APP = """
import hashlib, os
from aiohttp import web

KEY = os.environ["PAYMENT_KEY"]

async def tell(request):
    return web.Response(text=hashlib.sha256(KEY.encode()).hexdigest() + os.environ["SHOP_TITLE"])

async def fail(request):
    raise RuntimeError("the payment failed")

app = web.Application()
app.router.add_get("/", tell)
app.router.add_get("/fail", fail)
"""

PROJECT = """
[project]
name = "shop"
version = "1.0.0"
dependencies = ["aiohttp>=3.14.2,<4"]
[tool.ferryman]
app = "shop:app"
[tool.ferryman.settings]
SHOP_TITLE = "plain"
PAYMENT_KEY = { secret = "aws-sm:planted/shop#key" }
[tool.ferryman.k8s]
image = "registry.example/shop:1"
"""


@pytest.fixture(scope="module")
def environment(ministack: int) -> Mapping[str, str]:
    """Return an environment whose AWS holds the secret."""
    of_aws = credentials_for(ministack)
    client = boto3.client(
        "secretsmanager",
        region_name="us-east-1",
        endpoint_url=of_aws["AWS_ENDPOINT_URL"],
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    client.create_secret(Name="planted/shop", SecretString=f'{{"key": "{PLANTED}"}}')
    client.close()
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "FERRYMAN_"))}
    return {**kept, **of_aws}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    (root / "shop.py").write_text(APP)
    (root / "pyproject.toml").write_text(PROJECT)
    return root


def ferryman(
    shop: Path, environment: Mapping[str, str], *words: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferryman", *words, "-C", str(shop)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )


def holds_no_secret(directory: Path) -> int:
    """Look into every file, and into those that are archives; return how many there are."""
    count = 0
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink():
            count += 1
            assert PLANTED.encode() not in path.read_bytes(), path
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        count += 1
                        assert PLANTED.encode() not in archive.read(name), name
    return count


@contextmanager
def running(shop: Path, environment: Mapping[str, str], log: Path, *words: str) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "ferryman", *words, "-C", str(shop), "--bind", address]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://{address}/", timeout=20).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
        yield f"http://{address}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_no_artifact_holds_it(shop: Path, environment: Mapping[str, str]) -> None:
    for target in ("lambda", "k8s"):
        built = ferryman(shop, environment, "build", "-t", target, "--json")
        assert built.returncode == 0, built.stderr
        assert PLANTED not in built.stdout + built.stderr
    unit = ("--set", "server.systemd=true")
    built = ferryman(shop, environment, "build", "-t", "server", *unit, "--json")
    assert built.returncode == 0, built.stderr
    assert holds_no_secret(shop) > 100
    template = next(shop.rglob("*template*.json")).read_text()
    assert "secretsmanager:GetSecretValue" in template


@pytest.mark.parametrize(
    "words",
    [("serve", "-t", "server"), ("dev", "-t", "server"), ("dev", "-t", "lambda")],
    ids=" ".join,
)
def test_a_run_reads_it_and_leaves_it_nowhere(
    words: tuple[str, ...], shop: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running(shop, environment, log, *words) as address:
        with urllib.request.urlopen(f"{address}/", timeout=20) as answer:
            assert answer.read().decode() == f"{DIGEST}plain"
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(f"{address}/fail", timeout=20)
    assert "the payment failed" in log.read_text()
    assert PLANTED not in log.read_text()
    holds_no_secret(shop)


def test_a_failure_names_the_reference_alone(
    shop: Path, environment: Mapping[str, str], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong"
    wrong.mkdir()
    (wrong / "shop.py").write_text(APP)
    (wrong / "pyproject.toml").write_text(PROJECT.replace("#key", "#other"))
    failed = ferryman(wrong, environment, "serve", "-t", "server", "--bind", "127.0.0.1:0")
    told = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "PAYMENT_KEY, aws-sm:planted/shop#other, cannot be read" in told
    assert "Traceback" not in told
    assert PLANTED not in told
