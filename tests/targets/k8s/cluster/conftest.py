"""An API server of our own, over real HTTP, for the real Kubernetes client.

It does what a cluster does of what we rely on: server-side apply with owners of fields,
resource versions, watches, dry runs, refusals, and a Deployment controller that makes
replica sets and pods at once.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from runpy import run_path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from aiohttp import web

from ferryman.core.errors import BuildError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.connection import Place, connect
from ferryman.targets.k8s.cluster.kinds import KINDS, OWN_KINDS
from ferryman.targets.k8s.cluster.operations import Operations
from ferryman.targets.k8s.schemas import check_document, resource_schema

# Test files are imported by their paths, and so is what helps them.
field_owners = SimpleNamespace(**run_path(str(Path(__file__).with_name("field_owners.py"))))
pods = SimpleNamespace(**run_path(str(Path(__file__).with_name("pods.py"))))

FieldPath = tuple[str, ...]
Document = dict[str, Any]

_KINDS = {(kind.version, kind.plural): kind.name for kind in (*OWN_KINDS, *KINDS.values())}
_URL = re.compile(r"/apis?/(.+)/namespaces/([^/]+)/([^/]+)(?:/([^/]+))?(/log)?")
_VERSION = "1.37"
HALF = "half an answer"
"""The message of a fault of no status whose connection is lost in the middle of the answer."""
_REVISION = "deployment.kubernetes.io/revision"


@dataclass
class Fault:
    """A refusal, or a lost connection, for requests that match."""

    method: str
    path: str
    status: int
    message: str = "it broke"
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


class FakeCluster:
    """The cluster's state, and what answers for it."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], Document] = {}  # by version, plural, name
        self.owners: dict[tuple[str, str, str], dict[str, set[FieldPath]]] = {}
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.faults: list[Fault] = []
        self.forbidden: set[tuple[str, str]] = set()
        self.missing_kinds: set[str] = set()
        self.behaviour: Callable[[Document], str] = lambda deployment: "good"
        self.steps: list[Callable[[], None]] = []
        self.logs: dict[str, str] = {}
        self.namespaces = {"default"}
        self.version = 100
        self.url = ""
        self.minor = "37+"

    # what the tests look at

    def get(self, kind: str, name: str) -> Document | None:
        """Return an object by the name of its kind."""
        for (version, plural, called), document in self.objects.items():
            if _KINDS[version, plural] == kind and called == name:
                return document
        return None

    def names(self, kind: str) -> set[str]:
        """Return the names of all objects of a kind."""
        return {n for (v, plural, n) in self.objects if _KINDS[v, plural] == kind}

    def changes(self) -> list[tuple[str, str]]:
        """Return the requests that changed something."""
        return [(m, p) for m, p, q in self.requests if m != "GET" and "dryRun" not in q]

    # HTTP

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path, dict(request.query)))
        for fault in self.faults:
            if (
                fault.times
                and fault.method == request.method
                and re.search(fault.path, request.path)
            ):
                fault.times -= 1
                if not fault.status:
                    assert request.transport
                    if fault.message == HALF:
                        request.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{")
                    request.transport.close()
                    return web.Response()
                if fault.status == 200:
                    return web.Response(text=fault.message, headers=fault.headers)
                return refusal(fault.status, "Broken", fault.message, headers=fault.headers)
        if request.headers.get("Authorization") != "Bearer good":
            return refusal(401, "Unauthorized", "Unauthorized")
        if request.path == "/version":
            return web.json_response({"major": "1", "minor": self.minor})
        match = _URL.fullmatch(request.path)
        assert match, request.path
        version, namespace, plural, name, log = match.groups()
        if (version, plural) not in _KINDS or _KINDS[version, plural] in self.missing_kinds:
            return web.Response(status=404, text="404 page not found\n")
        verb = {"GET": "get" if name else "list"}.get(request.method, request.method.lower())
        verb = "watch" if "watch" in request.query else verb
        if (verb, plural) in self.forbidden:
            group = version.rpartition("/")[0]
            text = (
                f'{plural} is forbidden: User "dev" cannot {verb} resource "{plural}" '
                f'in API group "{group}" in the namespace "{namespace}"'
            )
            return refusal(403, "Forbidden", text)
        if log:
            return web.Response(text=self.logs.get(name, ""))
        if request.method == "GET":
            return self._read(request, version, plural, name)
        if namespace not in self.namespaces:
            return refusal(404, "NotFound", f'namespaces "{namespace}" not found')
        if request.method == "DELETE":
            return self._delete(request, (version, plural, name))
        return self._apply(request, (version, plural, name), json.loads(await request.text()))

    def _read(
        self, request: web.Request, version: str, plural: str, name: str | None
    ) -> web.Response:
        if name:
            found = self.objects.get((version, plural, name))
            return web.json_response(found) if found else refusal(404, "NotFound", f"no {name}")
        if request.query.get("watch"):
            return self._watch(request, version, plural)
        wanted = dict(p.split("=") for p in request.query.get("labelSelector", "").split(",") if p)
        items = [
            {k: v for k, v in document.items() if k not in ("kind", "apiVersion")}
            for (v, p, _), document in self.objects.items()
            if (v, p) == (version, plural)
            and wanted.items() <= (document["metadata"].get("labels") or {}).items()
        ]
        return web.json_response({"items": items, "metadata": {}})

    def _watch(self, request: web.Request, version: str, plural: str) -> web.Response:
        """Let the next step happen and tell of it, or end as if the time had passed."""
        if int(request.query["resourceVersion"]) < 100:
            return refusal(410, "Expired", "too old resource version")
        if not self.steps:
            return web.Response()
        self.steps.pop(0)()
        name = request.query["fieldSelector"].removeprefix("metadata.name=")
        event = {"type": "MODIFIED", "object": self.objects[version, plural, name]}
        return web.Response(text=json.dumps(event) + "\n")

    def _delete(self, request: web.Request, key: tuple[str, str, str]) -> web.Response:
        if key not in self.objects:
            return refusal(404, "NotFound", f"no {key[2]}")
        if "dryRun" not in request.query:
            del self.objects[key]
            self.owners.pop(key, None)
        return web.json_response({"status": "Success"})

    def _apply(
        self, request: web.Request, key: tuple[str, str, str], body: Document
    ) -> web.Response:
        assert request.content_type == "application/apply-patch+yaml"
        manager = request.query["fieldManager"]
        live = copy.deepcopy(self.objects.get(key))
        owners = copy.deepcopy(self.owners.get(key, {}))
        schema = resource_schema(body["apiVersion"], body["kind"], _VERSION)
        ignored = {("f:apiVersion",), ("f:kind",), ("f:metadata", "f:name")}
        new = {
            path: value for path, value in field_owners.leaves(body, schema) if path not in ignored
        }
        held = {} if live is None else dict(field_owners.leaves(live, schema))
        conflicts = [
            (path, other)
            for path, value in new.items()
            for other, paths in owners.items()
            if other != manager and path in paths and held.get(path) != value
        ]
        if conflicts and request.query.get("force") != "true":
            return conflict(conflicts)
        for path, other in conflicts:
            owners[other].discard(path)
        result = copy.deepcopy(live) or {k: body[k] for k in ("apiVersion", "kind")} | {
            "metadata": {}
        }
        result["metadata"].setdefault("name", key[2])
        others = set().union(*(paths for other, paths in owners.items() if other != manager))
        for path in owners.get(manager, set()) - new.keys() - others:
            field_owners.remove(result, path)
        for path, value in new.items():
            field_owners.assign(result, path, value)
        owners[manager] = set(new)
        pods.fill_in(result)
        try:
            check_document({k: v for k, v in result.items() if k != "status"}, _VERSION, key[2])
        except BuildError as error:
            return refusal(400, "BadRequest", str(error))
        self._stamp(result, live, owners)
        if "dryRun" not in request.query:
            self.objects[key], self.owners[key] = result, owners
            if result["kind"] == "Deployment":
                self.control(result)
        return web.json_response(result)

    def _stamp(
        self, result: Document, live: Document | None, owners: dict[str, set[FieldPath]]
    ) -> None:
        self.version += 1
        metadata = result["metadata"]
        metadata.setdefault("uid", f"uid-{metadata['name']}")
        metadata.setdefault("namespace", "default")
        metadata["resourceVersion"] = str(self.version)
        if live is None or live.get("spec") != result.get("spec"):
            metadata["generation"] = metadata.get("generation", 0) + 1
        metadata["managedFields"] = [
            {"manager": manager, "operation": "Apply", "fieldsV1": field_owners.nested(paths)}
            for manager, paths in owners.items()
        ]

    # the controllers

    def control(self, deployment: Document) -> None:
        """Do what the cluster's controllers and nodes do about a Deployment."""
        metadata, spec = deployment["metadata"], deployment["spec"]
        template = copy.deepcopy(spec["template"])
        digest = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:8]
        template["metadata"]["labels"]["pod-template-hash"] = digest
        key = ("apps/v1", "replicasets", f"{metadata['name']}-{digest}")
        revisions = [
            int(d["metadata"]["annotations"][_REVISION])
            for (_, plural, _), d in self.objects.items()
            if plural == "replicasets" and d["metadata"]["name"] != key[2]
        ]
        revision = str(max(revisions, default=0) + 1)
        owner = {"ownerReferences": [{"uid": metadata["uid"]}]}
        labels = template["metadata"]["labels"]
        named = {"name": key[2], "labels": labels, "annotations": {_REVISION: revision}}
        self.objects[key] = {"metadata": {**named, **owner}, "spec": {"template": template}}
        metadata.setdefault("annotations", {})[_REVISION] = revision
        for pod in [k for k in self.objects if k[1] == "pods"]:
            del self.objects[pod]
        self.become(deployment, self.behaviour(deployment))

    def become(self, deployment: Document, state: str) -> None:
        """Let all pods of a Deployment be in a state."""
        metadata, spec = deployment["metadata"], deployment["spec"]
        revision = metadata["annotations"][_REVISION]
        replica_set = next(
            d
            for (_, plural, _), d in self.objects.items()
            if plural == "replicasets" and d["metadata"]["annotations"][_REVISION] == revision
        )
        count = 0 if state == "quota" else spec["replicas"]
        failed = {"type": "ReplicaFailure", "status": "True", "message": "exceeded quota: q"}
        replica_set["status"] = {"conditions": [failed] if state == "quota" else []}
        for number in range(count):
            name = f"{replica_set['metadata']['name']}-{number}"
            self.objects["v1", "pods", name] = pods.pod(name, replica_set, state)
            if state == "probe":
                self.objects["v1", "events", name] = pods.unhealthy(name)
        self.version += 1
        metadata["resourceVersion"] = str(self.version)
        deployment["status"] = {
            "observedGeneration": metadata["generation"],
            "replicas": count,
            "updatedReplicas": count,
            "availableReplicas": count if state == "good" else 0,
        }


def refusal(
    status: int, reason: str, message: str, causes: Any = (), headers: Any = None
) -> web.Response:
    """Return a Status object."""
    said = {"kind": "Status", "reason": reason, "message": message, "details": {"causes": causes}}
    return web.json_response(said, status=status, headers=headers)


def conflict(conflicts: list[tuple[FieldPath, str]]) -> web.Response:
    """Return the refusal of an apply that would take fields from others."""
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{owner}" using apps/v1',
            "field": "." + ".".join(part[2:] for part in path),
        }
        for path, owner in conflicts
    ]
    return refusal(409, "Conflict", f"Apply failed with {len(causes)} conflicts", causes)


@pytest.fixture(scope="session")
def server() -> Iterator[Callable[[FakeCluster], str]]:
    """Run one HTTP server for all tests, and return what puts a cluster behind it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    behind: list[FakeCluster] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        return await behind[-1].answer(request)

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    host, port = runner.addresses[0][:2]

    def serve(cluster: FakeCluster) -> str:
        behind.append(cluster)
        return f"http://{host}:{port}"

    yield serve
    stopped: Future[None] = asyncio.run_coroutine_threadsafe(runner.cleanup(), loop)
    stopped.result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture
def fake(
    server: Callable[[FakeCluster], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeCluster:
    """Return a cluster, which the kubeconfig leads to."""
    cluster = FakeCluster()
    cluster.url = server(cluster)
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "fake", "cluster": {"server": cluster.url}}],
        "users": [
            {"name": "me", "user": {"token": "good"}},
            {"name": "late", "user": {"token": "expired"}},
        ],
        "contexts": [
            {"name": "fake", "context": {"cluster": "fake", "user": "me"}},
            {"name": "late", "context": {"cluster": "fake", "user": "late"}},
        ],
        "current-context": "fake",
    }
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    return cluster


@pytest.fixture
def operations(fake: FakeCluster, make_project: Callable[..., Any]) -> Callable[..., Operations]:
    """Open the operations on the fake cluster for a project with these settings."""

    def open_(tell: Callable[[str], None] = lambda _: None, **options: Any) -> Operations:
        cluster = Cluster(connect(Place(), None), pause=lambda _: None)
        return Operations(make_project(**options), cluster, tell, clock=fake_clock())

    return open_


def fake_clock() -> Callable[[], float]:
    """Return a clock on which ten seconds pass each time that it is looked at."""
    now = [0.0]

    def clock() -> float:
        now[0] += 10
        return now[0]

    return clock


@pytest.fixture
def refuse(fake: FakeCluster) -> Callable[..., None]:
    """Let requests that match be refused; a status of 0 loses the connection."""

    def refuse(
        method: str, path: str, status: int, message: str = "it broke", **options: Any
    ) -> None:
        fake.faults.append(Fault(method, path, status, message, **options))

    return refuse
