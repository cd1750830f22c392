"""What a cluster makes of a Deployment: its defaults, pods in every state, what nodes say."""

from __future__ import annotations

from typing import Any

Document = dict[str, Any]


def pod(name: str, replica_set: Document, state: str) -> Document:
    """Return a pod in a state."""
    waiting = {
        "crash": {"reason": "CrashLoopBackOff"},
        "pull": {"reason": "ImagePullBackOff", "message": "manifest unknown"},
        "secret": {"reason": "CreateContainerConfigError", "message": 'secret "db" not found'},
    }.get(state)
    template = replica_set["spec"]["template"]
    container = {
        "name": template["spec"]["containers"][0]["name"],
        "image": template["spec"]["containers"][0]["image"],
        "imageID": f"registry.example.com/shop@sha256:{'5' * 64}",
        "ready": state == "good",
        "restartCount": 4 if state == "crash" else 0,
        "state": {"waiting": waiting} if waiting else {"running": {}},
        "lastState": {"terminated": {"exitCode": 3}} if state == "crash" else {},
    }
    ready = [{"type": "Ready", "status": str(state == "good")}]
    status = {"phase": "Running", "conditions": ready, "containerStatuses": [container]}
    metadata = {"name": name, "labels": template["metadata"]["labels"]}
    return {"metadata": metadata, "spec": template["spec"], "status": status}


def unhealthy(name: str) -> Document:
    """Return what a node says of a pod whose probe fails."""
    text = "Startup probe failed: dial tcp 10.0.0.1:8000: connect: connection refused"
    about = {"kind": "Pod", "name": name}
    metadata = {"name": name}
    return {"metadata": metadata, "reason": "Unhealthy", "message": text, "involvedObject": about}


def fill_in(document: Document) -> None:
    """Fill in what a cluster fills in of itself."""
    if document["kind"] == "Deployment":
        document["spec"].setdefault("replicas", 1)
        document["spec"]["template"]["spec"].setdefault("restartPolicy", "Always")
    if document["kind"] == "Service" and "ports" in document["spec"]:
        document["spec"].setdefault("clusterIP", "10.0.0.7")
