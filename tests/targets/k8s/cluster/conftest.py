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

from ferryman.targets.deployment import Status
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.changes import Change
from ferryman.targets.k8s.cluster.exchange import Exchange
from ferryman.targets.k8s.cluster.kinds import KINDS, LEASE, OWN_KINDS, kind_named
from ferryman.targets.k8s.cluster.kubeconfig import Place, connect
from ferryman.targets.k8s.cluster.observation import Observer
from ferryman.targets.k8s.cluster.operations import Operations, workload_kind
from ferryman.targets.k8s.cluster.planned import DeployOptions
from ferryman.targets.k8s.cluster.release_record import Release
from ferryman.targets.k8s.misfits import find_misfits
from ferryman.targets.k8s.schemas import resource_schema
from ferryman.targets.k8s.values import instance_of

# Test files are imported by their paths, and so is what helps them.
field_owners = SimpleNamespace(**run_path(str(Path(__file__).with_name("field_owners.py"))))
pods = SimpleNamespace(**run_path(str(Path(__file__).with_name("pods.py"))))

FieldPath = tuple[str, ...]
Document = dict[str, Any]

_MORE = (
    *("v1 PersistentVolumeClaim", "batch/v1 CronJob", "batch/v1 Job", "v1 Secret"),
    "external-secrets.io/v1 ExternalSecret",
)
_ALL = (*OWN_KINDS, *KINDS.values(), LEASE, *map(kind_named, _MORE))
_KINDS = {(kind.version, kind.plural): kind.name for kind in _ALL}
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
        self.role: Document | None = None
        self.used: set[tuple[str, str, str]] = set()
        self.headers: list[Any] = []
        self.missing_kinds: set[str] = set()
        self.behaviour: Callable[[Document], str] = lambda deployment: "good"
        self.migration: Callable[[Document], str] = lambda job: "good"
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
        """Return the requests that changed something of the project."""
        return [
            (method, path)
            for method, path, query in self.requests
            if method != "GET" and "dryRun" not in query
            if "/leases" not in path
            if method != "POST" and "-release-" not in path
        ]

    def settings(self) -> set[str]:
        """Return the names of the ConfigMaps that hold no release."""
        return {name for name in self.names("ConfigMap") if "-release-" not in name}

    # HTTP

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path, dict(request.query)))
        self.headers.append(request.headers)
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
        group, resource = version.rpartition("/")[0], f"{plural}/log" if log else plural
        for verb in self._verbs(request, (version, plural, name)):
            granted = self._granted(group, resource, verb, name)
            if (verb, plural) in self.forbidden or not granted:
                text = (
                    f'{plural} is forbidden: User "dev" cannot {verb} resource "{resource}" '
                    f'in API group "{group}" in the namespace "{namespace}"'
                )
                return refusal(403, "Forbidden", text)
            self.used.add((group, resource, verb))
        if log:
            return web.Response(text=self.logs.get(name, ""))
        if request.method == "GET":
            return self._read(request, version, plural, name)
        if namespace not in self.namespaces:
            return refusal(404, "NotFound", f'namespaces "{namespace}" not found')
        if request.method == "DELETE":
            return self._delete(request, (version, plural, name))
        body = json.loads(await request.text())
        if request.method in ("POST", "PUT"):
            return self._put(request, (version, plural, name or body["metadata"]["name"]), body)
        if request.content_type == "application/json-patch+json":
            return self._step((version, plural, name), body)
        return self._apply(request, (version, plural, name), body)

    def _verbs(self, request: web.Request, key: tuple[str, str, str]) -> list[str]:
        """Return what the authorizer is asked for; an apply of what is not there is two things."""
        if "watch" in request.query:
            return ["watch"]
        if request.method == "PATCH" and key not in self.objects:
            return ["patch", "create"]
        verbs = {"GET": "get" if key[2] else "list", "POST": "create", "PUT": "update"}
        return [verbs.get(request.method, request.method.lower())]

    def _granted(self, group: str, resource: str, verb: str, name: str | None) -> bool:
        return self.role is None or any(
            group in rule["apiGroups"] and resource in rule["resources"] and verb in rule["verbs"]
            for rule in self.role["rules"]
            if name in rule.get("resourceNames", [name])
        )

    def _put(self, request: web.Request, key: tuple[str, str, str], body: Document) -> web.Response:
        """Create an object, or replace one in the version that the body names."""
        live = self.objects.get(key)
        if request.method == "POST" and live is not None:
            return refusal(409, "AlreadyExists", f'{key[1]} "{key[2]}" already exists')
        if request.method == "PUT" and (
            live is None
            or body["metadata"]["resourceVersion"] != live["metadata"]["resourceVersion"]
        ):
            return refusal(409, "Conflict", "the object has been modified")
        result = copy.deepcopy(body)
        assert not find_misfits(result, _VERSION), key
        self._stamp(result, live, self.owners.setdefault(key, {}))
        self.objects[key] = result
        return web.json_response(result, status=201 if live is None else 200)

    def _step(self, key: tuple[str, str, str], steps: list[Document]) -> web.Response:
        """Take the steps of the JSON patch by which kubectl's fields become ours."""
        live = self.objects[key]
        test, replace, *rest = steps
        if test["value"] != live["metadata"]["resourceVersion"]:
            return refusal(422, "Invalid", "the server rejected our request")
        assert replace["path"] == "/metadata/managedFields"
        self.owners[key] = {
            entry["manager"]: set(field_owners.paths(entry["fieldsV1"]))
            for entry in replace["value"]
        }
        for step in rest:
            assert step["op"] == "remove"
            place = step["path"].split("/")[1:]
            node = live
            for part in place[:-1]:
                node = node[part]
            del node[place[-1].replace("~1", "/")]
        self._stamp(live, live, self.owners[key])
        return web.json_response(live)

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
        known = body["metadata"].pop("resourceVersion", None)
        if known is not None and (live or {}).get("metadata", {}).get("resourceVersion") != known:
            return refusal(409, "Conflict", f"{key[2]}: the object has been modified")
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
            field_owners.remove(result, path, new.keys() | others)
        for path, value in new.items():
            field_owners.assign(result, path, value)
        owners[manager] = set(new)
        pods.fill_in(result)
        spec = {k: v for k, v in result.items() if k != "status"}
        if misfits := find_misfits(spec, _VERSION):
            return refusal(400, "BadRequest", misfits[0][1])
        self._stamp(result, live, owners)
        if "dryRun" not in request.query:
            self.objects[key], self.owners[key] = result, owners
            if result["kind"] == "Deployment":
                self.control(result)
            if result["kind"] == "Job":
                self.run(result)
        return web.json_response(result, status=201 if live is None else 200)

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
            {
                "manager": manager,
                "operation": "Update" if manager.startswith("kubectl-client") else "Apply",
                "fieldsV1": field_owners.nested(paths),
            }
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
            if d["metadata"]["ownerReferences"] == [{"uid": metadata["uid"]}]
        ]
        revision = str(max(revisions, default=0) + 1)
        owner = {"ownerReferences": [{"uid": metadata["uid"]}]}
        labels = template["metadata"]["labels"]
        named = {"name": key[2], "labels": labels, "annotations": {_REVISION: revision}}
        self.objects[key] = {"metadata": {**named, **owner}, "spec": {"template": template}}
        metadata.setdefault("annotations", {})[_REVISION] = revision
        chosen = spec["selector"]["matchLabels"].items()
        for pod in [k for k in self.objects if k[1] == "pods"]:
            if chosen <= self.objects[pod]["metadata"]["labels"].items():
                del self.objects[pod]
        self.become(deployment, self.behaviour(deployment))

    def run(self, job: Document) -> None:
        """Let the pod of a Job run, and end as the test says."""
        state = self.migration(job)
        template = copy.deepcopy(job["spec"]["template"])
        template["metadata"]["labels"]["batch.kubernetes.io/job-name"] = job["metadata"]["name"]
        name = f"{job['metadata']['name']}-x"
        self.objects["v1", "pods", name] = pods.pod(name, {"spec": {"template": template}}, state)
        self.migrate_ends(job, state)

    def migrate_ends(self, job: Document, state: str) -> None:
        """Let a Job be in a state."""
        ended = {"good": "Complete", "crash": "Failed"}.get(state)
        message = "Job has reached the specified backoff limit"
        condition = {"type": ended, "status": "True", "message": message}
        job["status"] = {"conditions": [condition] if ended else []}

    def become(self, deployment: Document, state: str) -> None:
        """Let all pods of a Deployment be in a state."""
        metadata, spec = deployment["metadata"], deployment["spec"]
        revision = metadata["annotations"][_REVISION]
        replica_set = next(
            d
            for (_, plural, _), d in self.objects.items()
            if plural == "replicasets" and d["metadata"]["annotations"][_REVISION] == revision
            if d["metadata"]["ownerReferences"] == [{"uid": metadata["uid"]}]
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


class Deploys(Operations):
    """Operations that plan and apply in one, and what looks at their outcome."""

    observer: Observer

    def status(self) -> Status:
        return self.observer.status()

    def logs(self, *, lines: int, previous: bool) -> dict[str, str]:
        return self.observer.logs(lines=lines, previous=previous)

    def diff(self, *, adopt: bool = False) -> list[Change]:
        return self.plan(adopt=adopt).changes

    def deploy(
        self, options: DeployOptions, ask: Callable[[str], bool], *, adopt: bool = False
    ) -> list[Change]:
        """Return what was changed, what was to be deleted and was kept included."""
        planned = self.plan(adopt=adopt)
        if not options.dry_run:
            self.apply(planned, options, ask)
        return planned.changes

    def back(self, wanted: int | None, options: DeployOptions) -> Release:
        """Go back, and delete what the older release has not."""
        return self.rollback(wanted, options, lambda _: True)


@pytest.fixture
def open_cluster(fake: FakeCluster) -> Callable[..., Cluster]:
    """Open a cluster of the kubeconfig, whose pauses take no time."""

    def open_(
        context: str | None = None, *, pause: Callable[[float], None] = lambda _: None
    ) -> Cluster:
        connection = connect(Place(context), None)
        return Cluster(Exchange(connection, outage=60, pause=pause), connection.namespace)

    return open_


@pytest.fixture
def operations(
    open_cluster: Callable[..., Cluster], make_project: Callable[..., Any]
) -> Callable[..., Deploys]:
    """Open the operations on the fake cluster for a project with these settings."""

    def open_(tell: Callable[[str], None] = lambda _: None, **options: Any) -> Deploys:
        cluster, project = open_cluster(), make_project(**options)
        opened = Deploys(project, cluster, tell, clock=fake_clock())
        opened.observer = Observer(cluster, workload_kind(project), instance_of(project), "shop")
        return opened

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
