"""What was built is started as it will be, and told how long that takes."""

from __future__ import annotations

import sys
import zipfile
from dataclasses import replace
from pathlib import Path

from ferryman.building.artifact import Artifact
from ferryman.core.errors import AppError
from ferryman.measure.cold_start import start_times
from ferryman.project.project import Project
from ferryman.targets.lambda_.bundle import BOOTSTRAP


async def test_a_zip_and_a_server_are_started(
    postcards: Project, postcards_bundle: Artifact
) -> None:
    artifacts = {"lambda": postcards_bundle, "server": postcards_bundle, "k8s": postcards_bundle}
    found = await start_times(postcards, artifacts)
    assert {*found} == {"lambda", "server"}
    assert all(isinstance(took, float) and 10 < took < 20_000 for took in found.values())


async def test_what_another_machine_runs_is_left_out(
    postcards: Project, postcards_bundle: Artifact
) -> None:
    other = "3.14" if sys.version_info[:2] != (3, 14) else "3.13"
    elsewhere = replace(postcards, fields=postcards.fields.model_copy(update={"python": other}))
    assert await start_times(elsewhere, {"lambda": postcards_bundle}) == {}
    image = replace(postcards_bundle, path=str(Path(postcards_bundle.path).parent))
    assert await start_times(postcards, {"lambda": image}) == {}


async def test_a_function_that_does_not_start_is_told_and_the_server_is_timed(
    postcards: Project, postcards_bundle: Artifact, tmp_path: Path
) -> None:
    bootstrap = zipfile.ZipInfo(BOOTSTRAP)
    bootstrap.external_attr = 0o100755 << 16
    with zipfile.ZipFile(tmp_path / "sunk.zip", "w") as archive:
        archive.writestr(bootstrap, "#!/bin/sh\nexit 3\n")
    sunk = replace(postcards_bundle, path=str(tmp_path / "sunk.zip"))
    found = await start_times(postcards, {"lambda": sunk, "server": postcards_bundle})
    assert isinstance(found["lambda"], AppError)
    assert "did not start" in found["lambda"].message
    assert isinstance(found["server"], float)
