"""The page that gives each field of the manifests with its reason.

It is made from the tables that stand beside the manifests, and a project that sets
everything, so it cannot say anything else than they do. Run as a module, it prints the
page: `python -m ferryman.targets.k8s.reference > docs/reference/manifests.md`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ferryman.core import serving
from ferryman.targets.k8s.manifests import deployment, kustomization, service
from ferryman.targets.k8s.options import OLDEST_VERSION, KubernetesOptions
from ferryman.targets.k8s.rendering import KUSTOMIZATION, render_kustomization, render_objects
from ferryman.targets.k8s.values import Values

__all__ = ("EXAMPLE", "REASONS", "fields", "manifests_page")

EXAMPLE = Values(
    name="shop",
    version="1.2.3",
    image="registry.example.com/shop:1.2.3",
    namespace="web",
    replicas=2,
    cpu="250m",
    cpu_limit="1",
    memory="256Mi",
    environment=(("GREETING", "hello"),),
    secrets=("shop-database",),
)
"""Values that set every field there is."""

REASONS: Mapping[str, Mapping[str, str]] = {
    "deployment.yaml": deployment.REASONS,
    "service.yaml": service.REASONS,
    KUSTOMIZATION: kustomization.REASONS,
}
"""Why each field of each file is set, by the file's name and the field's path."""

_INTRODUCTION = f"""\
<!-- Made by `python -m ferryman.targets.k8s.reference`; do not edit. -->
# The Kubernetes manifests

`ferryman build -t k8s` writes a Deployment, a Service and a kustomization into
`dist/k8s`. `kubectl apply -k dist/k8s` sends them to a cluster. They are for Kubernetes
{OLDEST_VERSION} and newer, and are checked against the schemas of `kube_version` before anything
is written. The same project gives the same bytes.

The pods run an image, which is built and pushed apart from this. It must listen on port
{serving.PORT} of every address, run as a user that is not root, and write nowhere but to `/tmp` and
`/dev/shm`, which container runtimes mount in memory. Where no `image` is set, the manifests
name `name:version`, which a cluster looks for on its nodes and then on Docker Hub. A node
that has an image of that name does not pull it again: give every release a version of its own.
The image's own settings say how many workers a pod has.

The probes open a TCP connection and no more, because the server has no health endpoints
yet. It listens before its app has started, so a pod may count as ready a little early;
requests then wait. A server that listens and no longer answers passes them, too.

Names of Secrets are written, their values never: make the Secrets in the cluster, for
example with `kubectl create secret generic`. Until they exist the pods wait.
"""


def manifests_page() -> str:
    """Return the page as Markdown."""
    sections = [_INTRODUCTION, _settings_section()]
    objects = render_objects(EXAMPLE)
    documents = {**objects, KUSTOMIZATION: render_kustomization(EXAMPLE, objects)}
    sections += [_section(file, document) for file, document in documents.items()]
    return "\n".join(sections)


def fields(document: Any, reasons: Mapping[str, str], path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and value of each field of a document.

    A field that has a reason is one whole, such as all labels; any other is taken apart
    down to its plain values. `[]` in a path stands for every item of a list.
    """
    if path in reasons or not (isinstance(document, dict | list) and document):
        yield path, document
    elif isinstance(document, dict):
        for key, value in document.items():
            yield from fields(value, reasons, f"{path}.{key}" if path else key)
    else:
        for item in document:
            yield from fields(item, reasons, f"{path}[]")


def _settings_section() -> str:
    rows = [
        (f"`{name}`", _shown(field.get_default()), str(field.description))
        for name, field in KubernetesOptions.model_fields.items()
    ]
    return _table("Settings, `[tool.ferryman.k8s]`", ("key", "default", "what it is"), rows)


def _section(file: str, document: Mapping[str, Any]) -> str:
    reasons = REASONS[file]
    values: dict[str, list[Any]] = {}
    for path, value in fields(document, reasons):
        seen = values.setdefault(path, [])
        if value not in seen:
            seen.append(value)
    rows = [
        (f"`{path}`", ", ".join(_shown(value) for value in seen), reasons[path])
        for path, seen in values.items()
    ]
    return _table(f"{document['kind']}, `{file}`", ("field", "for example", "why"), rows)


def _table(title: str, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return f"## {title}\n\n" + "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _shown(value: object) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"


if __name__ == "__main__":
    sys.stdout.write(manifests_page())
