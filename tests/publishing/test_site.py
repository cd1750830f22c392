"""The documentation site builds, holds every page and has no dead link."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scripts import docs_site

ROOT = Path(__file__).parents[2]
PAGES = [
    path.relative_to(ROOT / "docs")
    for path in sorted((ROOT / "docs").rglob("*.md"))
    if path.name != "README.md"
]


@pytest.fixture(scope="module")
def site() -> Path:
    return docs_site.build()


def test_no_link_of_the_site_is_dead(site: Path) -> None:
    assert list(docs_site.dead_links(site)) == []


def test_every_page_is_in_the_navigation() -> None:
    navigation = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    assert [page.as_posix() for page in PAGES if f'"{page.as_posix()}"' not in navigation] == []


def test_every_page_is_built_and_found_by_the_search(site: Path) -> None:
    index = json.loads((site / "search.json").read_text(encoding="utf-8"))
    found = {item["location"].partition("#")[0] for item in index["items"]}
    for page in PAGES:
        assert (site / page).with_suffix(".html").is_file(), page
        assert page.with_suffix(".html").as_posix() in found


def test_every_code_block_is_drawn_as_one(site: Path) -> None:
    """A fence whose heading the site does not understand stays in the text, backticks and all."""
    assert [page for page in site.rglob("*.html") if "```" in page.read_text()] == []


def test_scripts_and_styles_come_with_the_site(site: Path) -> None:
    page = docs_site.Page(site / "index.html")
    scripts = [link for link in page.links if link.endswith((".js", ".css"))]
    assert scripts
    assert [link for link in scripts if "://" in link] == []


def test_dead_links_are_found(tmp_path: Path) -> None:
    (tmp_path / "other.html").write_text('<p id="fare">')
    (tmp_path / "index.html").write_text(
        '<a href="other.html#fare"></a> <a href="https://example.com/"></a> <a href="other.html">'
        '<a href="gone.html"></a> <a href="other.html#gone"></a> <img src="gone.png">'
    )
    assert list(docs_site.dead_links(tmp_path)) == [
        "index.html: gone.html",
        "index.html: other.html#gone",
        "index.html: gone.png",
    ]
