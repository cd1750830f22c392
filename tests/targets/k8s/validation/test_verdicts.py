"""What `check` says of small manifests, beside what a real API server said of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.targets.k8s.checking import REFUSED, SCHEMA, UNKNOWN, find_mistakes
from ferryman.targets.k8s.schemas import without_nulls

_RECORDED = json.loads(Path(__file__).with_name("verdicts.json").read_text("utf-8"))
CASES = _RECORDED["cases"]

# The server takes these, and they do not work: what is told of them is a rule's finding.
ADVISED = {
    "dep-image-upper": "K201",
    "dep-init-restart-bad": "K302 K303",
    "dep-sc-caps-prefix": "K303",
    "ing-port-number": "K504",
    "pdb-min100": "K412",
}


def mistakes(case: dict[str, Any]) -> list[Any]:
    texts = [_RECORDED["documents"][index] for index in case["documents"]]
    objects = {str(i): without_nulls(yaml.safe_load(text)) for i, text in enumerate(texts)}
    return find_mistakes(objects, "1.36")


@pytest.mark.parametrize("case", [c for c in CASES if c["refused"]], ids=lambda c: c["name"])
def test_what_the_server_refuses_is_found(case: dict[str, Any]) -> None:
    assert mistakes(case)


@pytest.mark.parametrize("case", [c for c in CASES if not c["refused"]], ids=lambda c: c["name"])
def test_what_the_server_takes_is_not_called_refused(case: dict[str, Any]) -> None:
    found = mistakes(case)
    assert not [f for f in found if f.code in (SCHEMA, UNKNOWN, REFUSED)]
    assert {f.code for f in found} == set(ADVISED.get(case["name"], "").split())
