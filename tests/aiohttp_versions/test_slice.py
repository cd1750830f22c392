"""An old aiohttp, of all that `make test-aiohttp` tries: enough to see that it still runs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts.aiohttp_matrix import HERE, SLICE, command_of, fetched


def test_an_app_that_pins_an_old_aiohttp_runs_on_lambda() -> None:
    place = fetched(SLICE, HERE)
    assert place is not None
    tests = ("tests/targets/lambda_/test_bridge.py", "tests/aiohttp_versions/test_version.py")
    chosen = ("-k", "not bomb and not control_character and not measured", *tests)
    command, environment = command_of(Path(sys.executable), place, *chosen)
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
