"""The pages that give each field of the manifests with its reason, and each rule.

They are made from the tables that stand beside the manifests, and a project that sets
everything, so they say what the manifests hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from scripts.reference.markdown import GENERATED, table

from ferryman.core import serving
from ferryman.core.serving import Front
from ferryman.targets.k8s.manifests import (
    autoscaler,
    config_map,
    deployment,
    disruption_budget,
    ingress,
    interceptor_route,
    knative,
    kustomization,
    network_policy,
    processes,
    route,
    scaled_object,
    service,
    service_account,
    service_monitor,
)
from ferryman.targets.k8s.options import NEWEST_VERSION, OLDEST_VERSION, KubernetesOptions
from ferryman.targets.k8s.rendering import KUSTOMIZATION, Document, ordered, render_objects
from ferryman.targets.k8s.rules.all_rules import RULES
from ferryman.targets.k8s.values import Exposure, Process, Scaling, Scheduling, Trigger, Values
from ferryman.targets.k8s.versions import Chosen

__all__ = ("EXAMPLE", "EXAMPLES", "REASONS", "documents", "fields", "manifests_page", "rules_page")

EXAMPLE = Values(
    name="shop",
    app="shop",
    version="1.2.3",
    image="registry.example.com/shop:1.2.3",
    front=Front(),
    flavour="deployment",
    namespace="web",
    replicas=2,
    scaling=None,
    cpu="250m",
    cpu_limit="1",
    memory="256Mi",
    environment=(("GREETING", "hello"),),
    secrets=("shop-database",),
    secret_keys=(("PAYMENT_KEY", "shop-payment", "key"),),
    pull_secrets=("registry",),
    exposure=Exposure(("shop.example.com",), ("infra", "public"), None, None),
    network_policy=True,
    egress=(("10.0.0.0/8", 5432),),
    monitored=True,
    monitor_labels=(("release", "prometheus"),),
    annotations=(("eks.amazonaws.com/role-arn", "arn:aws:iam::123456789012:role/shop"),),
    scheduling=Scheduling(
        required=False,
        node_selector=(("kubernetes.io/arch", "arm64"),),
        tolerations=(("spot", "true", "NoSchedule"),),
        priority_class="important",
    ),
    processes=(
        Process("worker", ("python", "-m", "shop.worker"), "100m", "128Mi", replicas=2),
        Process(
            "nightly",
            ("python", "-m", "ferryman.core.one_event", "nightly"),
            "100m",
            "128Mi",
            schedule="0 3 * * *",
            time_zone="Europe/Berlin",
        ),
    ),
    migration=Process("migrate", ("python", "-m", "shop.migrate"), "250m", "256Mi"),
    chosen=Chosen(host_users=False, traffic="PreferSameZone", notes=()),
)
"""Values that set nearly every field there is."""

EXAMPLES: tuple[Values, ...] = (
    EXAMPLE,
    replace(
        EXAMPLE,
        front=Front(secure=True),
        scaling=Scaling(10, 65),
        exposure=Exposure(("shop.example.com",), None, "traefik", "shop-tls"),
    ),
    replace(
        EXAMPLE,
        scaling=Scaling(
            10,
            65,
            (
                Trigger(
                    "redis", (("listLength", "5"), ("listName", "cards")), "queue", "shop-redis"
                ),
            ),
            in_flight=20,
        ),
    ),
    replace(EXAMPLE, flavour="knative", scaling=Scaling(10, 65), exposure=None, monitored=False),
)
"""Values that together set every field there is."""

REASONS: Mapping[str, Mapping[str, str]] = {
    "service-account.yaml": service_account.REASONS,
    "config-map.yaml": config_map.REASONS,
    "deployment.yaml": deployment.REASONS,
    "service.yaml": service.REASONS,
    "horizontal-pod-autoscaler.yaml": autoscaler.REASONS,
    "scaled-object.yaml": scaled_object.REASONS,
    "interceptor-route.yaml": interceptor_route.REASONS,
    "pod-disruption-budget.yaml": disruption_budget.REASONS,
    "network-policy.yaml": network_policy.REASONS,
    "process-worker.yaml": processes.WORKER_REASONS,
    "process-nightly.yaml": processes.CRON_REASONS,
    "process-network-policy.yaml": network_policy.PROCESS_REASONS,
    "migration.yaml": processes.MIGRATION_REASONS,
    "service-monitor.yaml": service_monitor.REASONS,
    "http-route.yaml": route.REASONS,
    "ingress.yaml": ingress.REASONS,
    "knative-service.yaml": knative.REASONS,
    KUSTOMIZATION: kustomization.REASONS,
}
"""Why each field of each file is set, by the file's name and the field's path."""

_INTRODUCTION = f"""\
{GENERATED}# The Kubernetes manifests

`ferryman build -t k8s` writes `dist/k8s`: the objects in `base`, one in each file, the differences
of each environment `[tool.ferryman.env.NAME]` in `overlays/NAME`, and a kustomization
that refers to the base. `kubectl apply -k dist/k8s` applies the base to a cluster,
`kubectl apply -k dist/k8s/overlays/prod` applies an environment, and `ferryman deploy -t k8s`
the environment of `--env`. The same project gives the same bytes.

They are for Kubernetes {OLDEST_VERSION} to {NEWEST_VERSION}. If `kube_version` does not
have a field, ferryman leaves it out or replaces it; a comment in the base's kustomization says so.
Before ferryman writes the manifests, it checks them against the schemas of that version and against
[its own rules](k8s-rules.md).

The pods run an image, which you build and push separately. Ports,
paths of the checks and times come from `[tool.ferryman.server]`, which `ferryman build -t
server` uses too: by default the image listens on port {serving.PORT} of every address.
An environment that changes them needs its own image, built with the same `--env`. An image
that you make in another way must follow them, run as a user that is not root, and write only to
`/tmp` and `/dev/shm`, which container runtimes mount in memory. Without `image`, the
manifests name `name:version`, which a cluster looks for on its nodes and then on Docker Hub. A
node that has an image of that name does not pull it again: give every release its own version.
The image's own settings set the number of workers in a pod.

The probes ask the server's own port for health and metrics, {serving.ADMIN_PORT} by default,
which opens once the app has started. No Service and no route leads to this port.

The manifests contain names of Secrets, never their values: create the Secrets in the cluster, for
example with `kubectl create secret generic`. Until they exist the pods wait.
"""

_RULES_INTRODUCTION = f"""\
{GENERATED}# The rules for manifests

Kubernetes' schemas define the fields and their types. These rules check the meaning of the
fields, and values that must agree across objects. `ferryman build -t k8s`, `ferryman deploy -t k8s`
and `ferryman check -t k8s` check everything that a project would apply: the manifests that ferryman
renders, each environment, and the user's patches. They do not check other manifests.

| code | meaning |
| --- | --- |
| `K001` | An object does not fit its schema: a field is unknown or missing, or has another type. |
| `K002` | Kubernetes has no such kind in this version. |
| `K003` | An object fits its schema, but the API server refuses it: a field does not accept the \
value, a number is out of range, or fields exclude each other. |
| `K009` | Only the cluster refuses the object, which `ferryman check -t k8s --server` asks. |

A finding names the line of your patch that caused it, and suggests a fix. To break a
rule on purpose, name its code in `ignore` of [`[tool.ferryman.k8s]`](settings.md).
"""


def manifests_page() -> str:
    """Return the page of the manifests as Markdown."""
    sections = [_INTRODUCTION, _settings_section()]
    sections += [_section(file, found) for file, found in documents().items()]
    return "\n".join(sections)


def rules_page() -> str:
    """Return the page of the rules as Markdown."""
    from scripts.reference.rule_examples import example_of  # which takes its examples from here

    sections = [_RULES_INTRODUCTION]
    for rule in RULES:
        strict = " It counts with `strict` alone." if rule.strict else ""
        sections.append(f"## {rule.code}: {rule.title}\n\n{rule.why.strip()}{strict}\n")
        sections.append(example_of(rule.code))
    return "\n".join(sections)


def documents() -> dict[str, list[Document]]:
    """Return what is made of the examples: each file's documents, by its name."""
    made = [render_objects(values) for values in EXAMPLES]
    found = {file: [objects[file] for objects in made if file in objects] for file in REASONS}
    base = kustomization.kustomization(EXAMPLE, made[0])
    return {**found, KUSTOMIZATION: [ordered(base)]}


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
    return "## Settings, `[tool.ferryman.k8s]`\n\n" + table(("key", "default", "what it is"), rows)


def _section(file: str, found: Sequence[Document]) -> str:
    reasons = REASONS[file]
    values: dict[str, list[Any]] = {}
    for document in found:
        for path, value in fields(document, reasons):
            seen = values.setdefault(path, [])
            if value not in seen:
                seen.append(value)
    rows = [
        (f"`{path}`", ", ".join(_shown(value) for value in seen), reasons[path])
        for path, seen in values.items()
    ]
    title = f"{found[0]['kind']}, `{file}`"
    return f"## {title}\n\n{table(('field', 'for example', 'why'), rows)}"


def _shown(value: object) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return f"`{text}`"
