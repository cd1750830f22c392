"""checkov, a judge that is not ours, finds nothing but what the documentation explains."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ferryman.project.project import Project
from ferryman.targets.k8s.target import KubernetesTarget

ROOT = Path(__file__).parents[3]
CHECKOV = ROOT / ".tools" / "checkov" / "bin" / "checkov"
GUIDE = ROOT / "docs" / "how-to" / "kubernetes.md"
DIGEST = "sha256:" + "0123456789abcdef" * 4

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "full": {
        "namespace": "web",
        "image": f"registry.example.com/shop@{DIGEST}",
        "cpu_limit": "1",
        "max_replicas": 6,
        "service_monitor": True,
    },
}


def findings(directory: Path) -> tuple[dict[str, set[str]], int]:
    """Return the checks that failed for each of the settings, and how many passed."""
    assert CHECKOV.is_file(), f"there is no checkov at {CHECKOV}: run `make setup`"
    options = ["--framework", "kubernetes", "--skip-download", "-o", "json"]
    command = [str(CHECKOV), "-d", str(directory), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    report: Any = json.loads(done.stdout)
    failed: dict[str, set[str]] = {name: set() for name in SETTINGS}
    for check in report["results"]["failed_checks"]:
        failed[check["file_path"].split("/")[1]].add(check["check_id"])
    return failed, report["summary"]["passed"]


def test_every_finding_is_explained(tmp_path: Path, make_project: Callable[..., Project]) -> None:
    for name, options in SETTINGS.items():
        KubernetesTarget().build(make_project(**options), tmp_path / name, lambda _: None)
    failed, passed = findings(tmp_path)
    explained = set(re.findall(r"\| (CKV\w+) \|", GUIDE.read_text("utf-8")))
    assert failed == {"plain": explained, "full": set()}
    assert passed > 160
