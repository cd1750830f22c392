"""Objects of the user's own on a cluster: applied, compared, pruned, rolled back, deleted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.planned import DeployOptions

WISHES = DeployOptions(timeout=60)
HEAD = "apiVersion: {}\nkind: {}\nmetadata: {{name: {}}}\n"
CLAIM = HEAD.format("v1", "PersistentVolumeClaim", "data") + (
    "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n"
)
EXTERNAL = HEAD.format("external-secrets.io/v1", "ExternalSecret", "db") + "spec: {a: [1, 2]}\n"


def yes(_: str) -> bool:
    return True


@pytest.fixture
def deploy(operations: Callable[..., Any], tmp_path: Path) -> Callable[..., list[str]]:
    """Deploy the project with these objects, and return what changed."""

    def deploy(*texts: str, tell: Callable[[str], None] = lambda _: None) -> list[str]:
        (tmp_path / "own.yaml").write_text("---\n".join(texts), "utf-8")
        opened = operations(tell, **({"objects": ["own.yaml"]} if texts else {}))
        changes = [str(change) for change in opened.deploy(WISHES, yes)]
        assert opened.diff() == []
        return changes

    return deploy


def test_they_are_applied_before_the_pods_and_then_settled(deploy: Any, fake: Any) -> None:
    order = deploy(CLAIM, EXTERNAL)
    pods = order.index("create Deployment/shop")
    assert order.index("create PersistentVolumeClaim/data") < pods
    assert order.index("create ExternalSecret/db") < pods
    labels = fake.get("ExternalSecret", "db")["metadata"]["labels"]
    assert labels["app.kubernetes.io/instance"] == "shop"
    fake.requests.clear()
    assert deploy(CLAIM, EXTERNAL) == []
    assert fake.changes() == []


def test_what_is_changed_left_out_and_brought_back(
    deploy: Any, operations: Callable[..., Any], fake: Any
) -> None:
    deploy(EXTERNAL)
    changed = EXTERNAL.replace("2", "3")
    assert deploy(changed) == ["change ExternalSecret/db"]
    assert deploy() == ["delete ExternalSecret/db"]
    operations().back(1, WISHES)
    assert fake.get("ExternalSecret", "db")["spec"] == {"a": [1, 2]}


def test_a_claim_holds_data_and_is_not_pruned(
    deploy: Any, operations: Callable[..., Any], fake: Any
) -> None:
    deploy(CLAIM)
    told: list[str] = []
    assert deploy(tell=told.append) == []
    assert fake.names("PersistentVolumeClaim") == {"data"}
    assert "PersistentVolumeClaim/data is no longer the project's" in " ".join(told)
    operations().delete(dry_run=False, ask=yes)
    assert fake.names("PersistentVolumeClaim") == set(), "what deletes all deletes it, after asking"


def test_an_object_of_somebody_else_is_not_taken(deploy: Any, fake: Any) -> None:
    theirs = {"metadata": {"name": "db", "resourceVersion": "1"}, "spec": {"a": 9}}
    fake.objects["external-secrets.io/v1", "externalsecrets", "db"] = theirs
    with pytest.raises(FerrymanError, match=r"ExternalSecret/db .* is not this project's"):
        deploy(EXTERNAL)
    assert fake.changes() == []


def test_a_kind_that_the_cluster_has_not_is_named(deploy: Any, fake: Any) -> None:
    fake.missing_kinds = {"ExternalSecret"}
    with pytest.raises(FerrymanError) as caught:
        deploy(EXTERNAL)
    assert "no kind ExternalSecret of external-secrets.io/v1" in str(caught.value)


def test_an_autoscaler_of_theirs_says_nothing_of_our_pods(deploy: Any, fake: Any) -> None:
    worker = (
        HEAD.format("apps/v1", "Deployment", "queue")
        + """spec:
  replicas: 4
  selector: {matchLabels: {a: b}}
  template:
    metadata: {labels: {a: b}}
    spec:
      automountServiceAccountToken: false
      securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}
      containers:
      - name: queue
        image: queue:1
        resources: {requests: {cpu: 1m}}
        securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}
"""
    )
    deploy(worker)
    assert fake.get("Deployment", "queue")["spec"]["replicas"] == 4
    assert fake.get("Deployment", "shop")["spec"]["replicas"] == 2
