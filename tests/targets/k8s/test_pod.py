"""The real image in a real pod: podman runs the Deployment that a build wrote.

Kubernetes' node asks the probes from outside the pod, and so does this test.
"""

from __future__ import annotations

import http.client
import json
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.containers import Podman

from ferryman.core import serving
from ferryman.project.project import Project
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.target import KubernetesTarget


@dataclass(frozen=True)
class Pod:
    """A pod that runs, and how to ask it."""

    name: str
    container: dict[str, Any]
    ports: Mapping[str, int]
    podman: Podman

    def run(self, code: str) -> str:
        """Run Python in the container, and return what it prints."""
        return self.podman("exec", f"{self.name}-postcards", "/usr/local/bin/python", "-c", code)

    def probe(self, name: str) -> int:
        """Ask a probe as a node does, and return the status; 0 if nothing answers."""
        asked = self.container[name]["httpGet"]
        return self.get(asked["port"], asked["path"])

    def get(self, port: str, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.ports[port], timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


@pytest.fixture(scope="module")
def image(podman: Podman, server_image: Path) -> Iterator[str]:
    """Return the name of the example's image for a server."""
    with podman.loaded(server_image) as name:
        yield name


@pytest.fixture
def pod(
    postcards: Project,
    image: str,
    podman: Podman,
    tmp_path: Path,
    unused_tcp_port_factory: Any,
) -> Iterator[Pod]:
    """Build the manifests, and play the Deployment."""
    ports = {"http": unused_tcp_port_factory(), "admin": unused_tcp_port_factory()}
    manifest = _deployment(postcards, image, ports, tmp_path)
    (container,) = yaml.safe_load(manifest.read_text("utf-8"))["spec"]["template"]["spec"][
        "containers"
    ]
    podman("play", "kube", str(manifest))
    try:
        yield Pod("postcards-pod-0", container, ports, podman)
    finally:
        podman("play", "kube", "--down", str(manifest))


def _deployment(project: Project, image: str, ports: Mapping[str, int], place: Path) -> Path:
    """Write the Deployment for one pod, whose ports are open on this machine."""
    own = {"http": serving.PORT, "admin": serving.ADMIN_PORT}
    opened = [{"containerPort": own[name], "hostPort": port} for name, port in ports.items()]
    patch = {
        "kind": "Deployment",
        "spec": {"template": {"spec": {"containers": [{"name": "postcards", "ports": opened}]}}},
    }
    (place / "patch.yaml").write_text(yaml.safe_dump(patch), encoding="utf-8")
    options = KubernetesOptions(image=image, replicas=1, patch="patch.yaml", ignore=("K305",))
    origins = {**project.origins, "k8s.patch": "the test"}
    # The directory has the patch alone: the example's overlays are not there to be read.
    changed = replace(
        project,
        root=place,
        sections={**project.sections, "k8s": options},
        origins=origins,
        overlays=(),
    )
    KubernetesTarget().build(changed, place / "k8s", lambda _: None)
    return place / "k8s" / "base" / "deployment.yaml"


def test_the_pod_starts_serves_and_stops_as_its_manifest_says(pod: Pod) -> None:
    probe = pod.container["startupProbe"]
    deadline = time.monotonic() + probe["failureThreshold"] * probe["periodSeconds"]
    while pod.probe("startupProbe") != 200 and time.monotonic() < deadline:
        time.sleep(probe["periodSeconds"])
    assert pod.probe("startupProbe") == 200
    assert pod.probe("livenessProbe") == 200
    assert pod.probe("readinessProbe") == 200
    assert pod.get("http", "/") == 200
    _held_to_its_limits(pod)
    _stops(pod)


def _held_to_its_limits(pod: Pod) -> None:
    status = pod.run("print(open('/proc/1/status').read())")
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert fields["Uid"].split() == [str(serving.USER_ID)] * 4
    assert int(fields["CapEff"], 16) == 0
    assert fields["NoNewPrivs"] == "1"
    write = "import sys\ntry: open(sys.argv[1], 'w')\nexcept OSError as e: print(e.errno)"
    assert pod.run(write.replace("sys.argv[1]", "'/app/x'")) == "30"  # a read-only file system
    assert pod.run(write.replace("sys.argv[1]", "'/tmp/x'")) == ""
    limits = json.loads(pod.podman("inspect", f"{pod.name}-postcards"))[0]["HostConfig"]
    assert limits["Memory"] == 256 * 2**20


def _stops(pod: Pod) -> None:
    """The signal makes the pod unready at once; it goes on serving, and ends with 0."""
    name = f"{pod.name}-postcards"
    grace = str(serving.TERMINATION_GRACE)
    command = ["podman", "stop", "--time", grace, name]
    with subprocess.Popen(
        command, env=dict(pod.podman.environment), stdout=subprocess.DEVNULL
    ) as stop:
        deadline = time.monotonic() + serving.DRAIN_DELAY - 1
        while pod.probe("readinessProbe") == 200 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert pod.probe("readinessProbe") == 503
        assert pod.probe("livenessProbe") == 200
        assert pod.get("http", "/") == 200
        assert stop.wait(timeout=serving.TERMINATION_GRACE) == 0
    state = json.loads(pod.podman("inspect", name))[0]["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 0)
