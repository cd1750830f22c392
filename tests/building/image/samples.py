"""Small images, and a registry of this machine's own to push them to."""

from __future__ import annotations

import base64
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ferryman.building.image.image_options import ImageOptions
from ferryman.building.image.layer import Entry, write_layer
from ferryman.building.image.manifest import Built, Image, Index, render_image
from ferryman.building.image.plan import ImagePlan
from ferryman.core.settings import RuntimeSettings

PLAN = ImagePlan(
    package="server",
    requirements=(),
    module="shop.start",
    settings=RuntimeSettings("shop:app", "shop", "1.0.0", "server"),
    options=ImageOptions(),
    ports=(8000,),
    health=("/usr/local/bin/python", "-c", "pass"),
)
LABELS = {"org.opencontainers.image.title": "shop"}
CREATED = "1980-01-01T00:00:00Z"

_CONFIGURATION = """\
version: 0.1
log: {{level: info}}
storage: {{filesystem: {{rootdirectory: {data}}}}}
http: {{addr: "127.0.0.1:{port}"}}
{auth}
"""
_AUTH = "auth: {{htpasswd: {{realm: tests, path: {file}}}}}"
# captain:secret, by bcrypt with the fewest rounds there are.
_PASSWORDS = "captain:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW\n"


def image(directory: Path, machine: str = "x86_64", **files: str) -> Image:
    """Return an image of two layers: the same one always, and one of these files."""
    base = {"etc/passwd": Entry(b"root:x:0:0:::\n")}
    layers = (
        write_layer("base", base, directory / f"base-{machine}.tar.gz"),
        write_layer(
            "app",
            {name: Entry(text.encode()) for name, text in files.items()},
            directory / f"app-{machine}.tar.gz",
        ),
    )
    return render_image(PLAN, machine, layers, LABELS, CREATED)


def built(*images: Image, whole: Index | None = None) -> Built:
    """Return what a build returns of images."""
    sboms = {one.manifest.digest: f'{{"of": "{one.architecture}"}}' for one in images}
    return Built(whole or images[0], sboms)


class Registry:
    """A registry that runs, and what it was asked."""

    def __init__(self, port: int, log: Path) -> None:
        self.name = f"127.0.0.1:{port}"
        self._log = log

    def asked(self, method: str, part: str) -> list[str]:
        """Return the paths that were asked by a method, of those that hold a text."""
        lines = self._log.read_text().splitlines()
        requests = [line.split('"')[1].split() for line in lines if ' HTTP/1.1" ' in line]
        return [one[1] for one in requests if one[0] == method and part in one[1]]


@contextmanager
def registry(place: Path, *, closed: bool = False) -> Iterator[Registry]:
    """Run docker's own registry on loopback."""
    program = shutil.which("docker-registry")
    assert program, "there is no docker-registry: run `make programs`"
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    passwords, configuration = place / "passwords", place / "registry.yml"
    passwords.write_text(_PASSWORDS)
    auth = _AUTH.format(file=passwords) if closed else ""
    configuration.write_text(_CONFIGURATION.format(data=place / "data", port=port, auth=auth))
    log = place / "registry.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, "serve", str(configuration)], stdout=output, stderr=output
        )
    try:
        _wait_until_listening(process, port)
        yield Registry(port, log)
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, "the registry ended"
            assert time.monotonic() < deadline, "the registry does not listen"
            time.sleep(0.02)
        else:
            return


def credentials(directory: Path, registry: str, user: str, password: str) -> Mapping[str, str]:
    """Write docker's configuration, and return the variable that leads to it."""
    secret = base64.b64encode(f"{user}:{password}".encode()).decode()
    text = json.dumps({"auths": {registry: {"auth": secret}}})
    directory.mkdir(exist_ok=True)
    (directory / "config.json").write_text(text)
    return {"DOCKER_CONFIG": str(directory)}
