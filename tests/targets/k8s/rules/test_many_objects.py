"""The rules find by name and label at once: thousands of objects take no time to speak of."""

from __future__ import annotations

import json
import time

from scripts.reference.rule_examples import good

from ferryman.targets.k8s.rules.all_rules import find_problems
from ferryman.targets.k8s.rules.manifest_reader import Manifest


def projects(count: int) -> list[Manifest]:
    """Return the objects of many projects, in one namespace."""
    text = {file: json.dumps(document) for file, document in good().items()}
    return [
        Manifest(f"{number}/{file}", json.loads(one.replace('"shop', f'"shop{number}')))
        for number in range(count)
        for file, one in text.items()
    ]


def took(count: int) -> float:
    manifests = projects(count)
    before = time.process_time()
    assert find_problems(manifests) == []
    return time.process_time() - before


def test_the_time_grows_as_the_objects_do() -> None:
    took(10)
    few, many = took(30), took(300)
    assert many < 25 * few, "ten times as many objects; quadratic would be a hundred times"
