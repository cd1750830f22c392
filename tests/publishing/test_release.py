"""The release check finds what stands in the way of a release, and finds nothing today."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts import release_check
from scripts.release_check import disagreements, readme_faults

CHANGELOG = "# Changelog\n\n## 1.2.0 (2026-11-29)\n\n### Added\n\n## 1.1.0 (2026-10-01)\n"


def test_this_package_can_be_built_and_its_readme_renders_on_pypi() -> None:
    sdist, wheel = release_check.build()
    assert wheel.name.startswith("ferryman-")
    assert sdist.is_file()
    text = release_check.description(wheel)
    assert "https://raw.githubusercontent.com/" in text
    assert list(readme_faults(text)) == []


@pytest.mark.parametrize(
    ("version", "fragments", "tag", "fault"),
    [
        ("1.2.0", [], "v1.2.0", None),
        ("1.2.0", ["+fare.added.md"], "", None),
        ("1.3.0", [], "v1.3.0", "CHANGELOG.md begins with 1.2.0"),
        ("1.2.0", [], "v1.3.0", "should be v1.2.0"),
        ("1.2.0", ["+fare.added.md"], "v1.2.0", "+fare.added.md"),
    ],
)
def test_version_changelog_and_tag_must_agree(
    version: str, fragments: list[str], tag: str, fault: str | None
) -> None:
    found = list(disagreements(version, CHANGELOG, fragments, tag))
    assert len(found) == (1 if fault else 0), found
    assert fault is None or fault in found[0]


def test_a_link_that_leads_into_the_repository_is_a_fault_on_pypi() -> None:
    (fault,) = readme_faults("# A\n\n[docs](docs/README.md) and [here](#a)\n")
    assert "docs/README.md" in fault
    (fault,) = readme_faults("![a chart](docs/chart.svg)\n")
    assert "docs/chart.svg" in fault


def test_the_tag_of_a_workflow_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REF_TYPE", "tag")
    monkeypatch.setenv("GITHUB_REF_NAME", "v9.9.9")
    assert release_check.current_tag() == "v9.9.9"


def test_the_distributions_are_where_the_release_workflow_takes_them() -> None:
    root = Path(__file__).parents[2]
    workflow = (root / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
    assert f"path: {release_check.DISTRIBUTIONS.relative_to(root)}/" in workflow
