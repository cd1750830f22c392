"""Checks that the package can be released as it stands: what `make release-check` runs.

Version, changelog and tag must agree; the sdist and the wheel must build and pass
`twine check`; and the README must render on PyPI, where only absolute links lead somewhere.
The distributions stay in dist/release. Nothing is uploaded.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator, Sequence
from email import message_from_bytes
from pathlib import Path

from readme_renderer.markdown import render
from uv import find_uv_bin

ROOT = Path(__file__).parent.parent
DISTRIBUTIONS = ROOT / "dist" / "release"


def disagreements(
    version: str, changelog: str, fragments: Sequence[str], tag: str
) -> Iterator[str]:
    """Yield what disagrees about the version that is to be released.

    Args:
        version: The version that pyproject.toml names.
        changelog: The text of CHANGELOG.md.
        fragments: Names of the changelog entries that belong to no release yet.
        tag: The tag of the commit, or "" for a commit between releases, whose changelog may
            have entries that wait for the next one.
    """
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    if newest is None or newest[1] != version:
        found = newest[1] if newest else "no release"
        yield f"pyproject.toml has version {version}, CHANGELOG.md begins with {found}"
    if not tag:
        return
    if tag != f"v{version}":
        yield f"the tag is {tag}, and for version {version} should be v{version}"
    if fragments:
        yield f"changelog.d has entries that the release leaves out: {', '.join(fragments)}"


def readme_faults(text: str) -> Iterator[str]:
    """Yield what is wrong with a README on PyPI, which knows no other file of the project."""
    html = render(text)
    if html is None:
        yield "README.md does not render"
        return
    for link in re.findall(r'(?:href|src)="([^"]+)"', html):
        if not link.startswith(("https://", "#")):
            yield f"README.md links to {link}, which PyPI cannot follow"


def build() -> tuple[Path, Path]:
    """Build the sdist, and the wheel from it, and return their paths."""
    shutil.rmtree(DISTRIBUTIONS, ignore_errors=True)
    subprocess.run(
        [find_uv_bin(), "build", "--quiet", "--out-dir", DISTRIBUTIONS], cwd=ROOT, check=True
    )
    (sdist,) = DISTRIBUTIONS.glob("*.tar.gz")
    (wheel,) = DISTRIBUTIONS.glob("*.whl")
    return sdist, wheel


def description(wheel: Path) -> str:
    """Return the README as a wheel carries it, which is what PyPI shows."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        payload = message_from_bytes(archive.read(name)).get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def current_tag() -> str:
    """Return the version tag of this commit, or "" if it has none."""
    if os.environ.get("GITHUB_REF_TYPE") == "tag":
        return os.environ["GITHUB_REF_NAME"]
    listed = subprocess.run(
        ["git", "tag", "--points-at", "HEAD", "--list", "v*"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return next(iter(listed.stdout.split()), "")


def faults() -> Iterator[str]:
    """Yield everything that stands in the way of a release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    fragments = sorted(path.name for path in (ROOT / "changelog.d").glob("*.*.md"))
    yield from disagreements(project["version"], changelog, fragments, current_tag())
    sdist, wheel = build()
    twine = Path(sys.executable).with_name("twine")
    if subprocess.run([twine, "check", "--strict", sdist, wheel]).returncode:
        yield "twine refuses the distributions"
    yield from readme_faults(description(wheel))


def main() -> int:
    """Print what stands in the way of a release, and return the exit status."""
    found = list(faults())
    for fault in found:
        print(f"release-check: {fault}")
    if not found:
        tag = current_tag() or "none yet"
        print(f"ready for a release (tag: {tag}); the distributions are in dist/release")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
