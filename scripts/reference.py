"""Writes the reference pages that are made from the code: what `make docs` runs.

With `--check` it writes nothing, and fails if a page is not what the code says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from ferryman.cli.reference import commands_page, parity_page, settings_page
from ferryman.cost import api_page
from ferryman.cost.prices import reference as prices
from ferryman.cost.prices.book import load_book
from ferryman.targets.k8s.reference import manifests_page, rules_page
from ferryman.targets.lambda_.gateway.reference import events_page
from ferryman.targets.server.reference import server_settings_page

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.conformance.fidelity import fidelity_page

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "cost-api.md": api_page.render,
    "events.md": events_page,
    "fidelity.md": fidelity_page,
    "k8s-rules.md": rules_page,
    "manifests.md": manifests_page,
    "parity.md": parity_page,
    "prices.md": lambda: prices.render(load_book()),
    "server-settings.md": server_settings_page,
    "settings.md": settings_page,
}


def stale() -> list[str]:
    """Return the pages that are not what the code says."""
    return [name for name, page in PAGES.items() if read(name) != page()]


def read(name: str) -> str:
    """Return a page as it stands, or nothing where there is none."""
    path = REFERENCE / name
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def main() -> int:
    """Write or check every page, and return the exit status."""
    names = stale()
    if "--check" in sys.argv:
        for name in names:
            print(f"docs/reference/{name} is not what the code says: run `make docs`")
        return 1 if names else 0
    for name in names:
        (REFERENCE / name).write_text(PAGES[name](), encoding="utf-8")
        print(f"wrote docs/reference/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
