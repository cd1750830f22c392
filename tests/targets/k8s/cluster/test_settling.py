"""Whatever is applied and read back leaves nothing to change: Hypothesis holds the diff to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ferryman.targets.k8s.cluster.planned import DeployOptions

WISHES = DeployOptions(wait=False)

names = st.from_regex(r"[a-z]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True)
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12)
plain = st.none() | st.booleans() | st.integers(-9, 9) | texts
trees = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=8,
)
processes = st.lists(
    st.fixed_dictionaries(
        {"name": names.map("p-{}".format), "command": st.sampled_from(["a", "python -m 'b c'"])},
        optional={"replicas": st.integers(0, 3), "memory": st.sampled_from(["64Mi", "1Gi"])},
    ),
    max_size=2,
    unique_by=lambda process: process["name"],
)
options = st.fixed_dictionaries(
    {},
    optional={
        "environment": st.dictionaries(st.sampled_from(["A", "B", "C"]), texts),
        "replicas": st.integers(1, 3),
        "max_replicas": st.integers(3, 5),
        "cpu": st.sampled_from([1, "250m", 0.1]),
        "secrets": st.lists(names, max_size=2, unique=True),
        "egress": st.just(["10.0.0.0/8:5432"]),
        "tolerations": st.lists(st.sampled_from(["a=b:NoExecute", "c"]), unique=True),
        "service_monitor": st.booleans(),
        "hosts": st.just(["a.example.com"]),
        "process": processes,
    },
)
objects = st.dictionaries(names, st.dictionaries(names, trees, max_size=3), min_size=1, max_size=2)


def written(specs: dict[str, Any]) -> str:
    return yaml.safe_dump_all(
        {
            "apiVersion": "external-secrets.io/v1",
            "kind": "ExternalSecret",
            "metadata": {"name": name},
            "spec": spec,
        }
        for name, spec in specs.items()
    )


@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(options, objects), min_size=1, max_size=2))
def test_what_was_applied_is_settled(
    operations: Callable[..., Any],
    fake: Any,
    tmp_path: Path,
    releases: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    fake.objects.clear()
    fake.owners.clear()
    for chosen, specs in releases:
        (tmp_path / "own.yaml").write_text(written(specs), "utf-8")
        route = {"gateway": "public"} if "hosts" in chosen else {}
        project = {**chosen, **route, "objects": ["own.yaml"]}
        operations(**project).deploy(WISHES, lambda _: True)
        planned = operations(**project).plan()
        assert planned.changes == []
        assert planned.settled
        found = {name: fake.get("ExternalSecret", name)["spec"] for name in specs}
        assert found.keys() == fake.names("ExternalSecret")
