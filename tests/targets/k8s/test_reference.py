from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from scripts.reference.manifests import (
    REASONS,
    documents,
    fields,
    manifests_page,
    rules_page,
)

REFERENCE = Path(__file__).parents[3] / "docs" / "reference"

# Fields whose value is read as one, though it is made of several.
WHOLE = {"labels", "annotations", "matchLabels", "selector", "pairs", "drop", "matchLabelKeys"}
WHOLE |= {"emptyDir", "data", "policies", "ports", "policyTypes", "tls", "volumes"}
WHOLE |= {
    "nodeSelector",
    "tolerations",
    "hostnames",
    "hosts",
    "parentRefs",
    "matches",
    "backendRefs",
    "readinessProbe",
    "resources",
    "command",
    "matchExpressions",
    "metadata",
}


@pytest.mark.parametrize(
    ("file", "page"), [("manifests.md", manifests_page), ("k8s-rules.md", rules_page)]
)
def test_the_pages_are_up_to_date(file: str, page: Callable[[], str]) -> None:
    assert (REFERENCE / file).read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("file", sorted(REASONS))
def test_every_field_has_a_reason_and_every_reason_a_field(file: str) -> None:
    made = documents()[file]
    found = dict(field for document in made for field in fields(document, REASONS[file]))
    assert set(found) == set(REASONS[file])
    assert all(REASONS[file].values())
    for path, value in found.items():
        if isinstance(value, dict | list):
            assert path.rpartition(".")[2] in WHOLE


def test_a_field_without_a_reason_is_found() -> None:
    document = {"spec": {"ports": [{"port": 80, "extra": {"deep": [1]}}], "labels": {"a": "b"}}}
    reasons = {"spec.ports[].port": "why", "spec.labels": "why"}
    assert dict(fields(document, reasons)) == {
        "spec.ports[].port": 80,
        "spec.ports[].extra.deep[]": 1,
        "spec.labels": {"a": "b"},
    }
