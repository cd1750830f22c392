"""The memory of an environment, over the first events of a long life."""

from __future__ import annotations

import subprocess
import sys

from tests.conformance.running import ROOT


def test_memory_stays_where_it_is() -> None:
    script = ROOT / "benchmarks" / "lambda_memory.py"
    done = subprocess.run(
        [sys.executable, script, "--count", "50000"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
