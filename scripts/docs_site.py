"""Builds the documentation site and checks its links: what `make docs-site` runs.

Zensical's strict build finds the links between pages that lead nowhere. It does not look at
pictures, at links to other files or at the navigation, so every link of the built pages is
followed here. Links to other hosts are not.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ROOT = Path(__file__).parent.parent
NOT_FOUND_PAGE = "404.html"
"""A host serves it under any address, so that its links begin with the site's own path."""


class Page(HTMLParser):
    """The links of one page and the places in it that links can lead to."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the links and the anchors of a tag."""
        for key, value in attrs:
            if key in {"href", "src"} and value:
                self.links.append(value)
            elif key in {"id", "name"} and value:
                self.anchors.add(value)


def dead_links(site: Path) -> Iterator[str]:
    """Yield each link of a built site that leads nowhere, after the page it is on."""
    pages = {path: Page(path) for path in sorted(site.rglob("*.html"))}
    for path, page in pages.items():
        if path.name == NOT_FOUND_PAGE:
            continue
        for link in page.links:
            if not _leads_somewhere(link, path, pages):
                yield f"{path.relative_to(site)}: {link}"


def _leads_somewhere(link: str, path: Path, pages: dict[Path, Page]) -> bool:
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if target.is_dir():
        target /= "index.html"
    if not parts.fragment or target not in pages:
        return target.is_file()
    return unquote(parts.fragment) in pages[target].anchors


def build() -> Path:
    """Build the site and return its directory; exit with zensical's status if it refuses."""
    zensical = Path(sys.executable).with_name("zensical")
    done = subprocess.run([zensical, "build", "--clean", "--strict"], cwd=ROOT)
    if done.returncode:
        sys.exit(done.returncode)
    settings = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    return ROOT / str(settings["project"]["site_dir"])


def main() -> int:
    """Build the site, print its dead links and return the exit status."""
    site = build()
    dead = list(dead_links(site))
    for link in dead:
        print(f"dead link in {link}")
    if not dead:
        print(f"the documentation is in {site.relative_to(ROOT)}")
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
