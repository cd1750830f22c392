from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ferryman.targets.k8s.reference import EXAMPLE, REASONS, fields, manifests_page
from ferryman.targets.k8s.rendering import KUSTOMIZATION, render_kustomization, render_objects

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "manifests.md"

# Fields whose value is read as one, though it is made of several.
WHOLE = {"labels", "matchLabels", "selector", "pairs", "env", "drop", "matchLabelKeys"}
WHOLE |= {"emptyDir", "resources"}


def documents() -> dict[str, Any]:
    objects = render_objects(EXAMPLE)
    return {**objects, KUSTOMIZATION: render_kustomization(EXAMPLE, objects)}


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == manifests_page()


def test_every_file_has_a_table() -> None:
    assert set(documents()) == set(REASONS)


@pytest.mark.parametrize("file", sorted(REASONS))
def test_every_field_has_a_reason_and_every_reason_a_field(file: str) -> None:
    found = dict(fields(documents()[file], REASONS[file]))
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
