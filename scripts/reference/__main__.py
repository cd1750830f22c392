"""Writes the reference pages that are made from the code: what `make docs` runs.

With `--check` it writes nothing, and fails if a page is not what the code says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.reference.commands import commands_page, parity_page, settings_page
from scripts.reference.cost_api import cost_api_page
from scripts.reference.events import events_page
from scripts.reference.findings import findings_page
from scripts.reference.manifests import manifests_page, rules_page
from scripts.reference.permissions import permissions_page
from scripts.reference.prices import prices_page
from scripts.reference.server_settings import server_settings_page
from tests.conformance.fidelity import fidelity_page

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"

PAGES: Mapping[str, Callable[[], str]] = {
    "aws-permissions.md": permissions_page,
    "commands.md": commands_page,
    "cost-api.md": cost_api_page,
    "events.md": events_page,
    "fidelity.md": fidelity_page,
    "k8s-rules.md": rules_page,
    "findings.md": findings_page,
    "manifests.md": manifests_page,
    "parity.md": parity_page,
    "prices.md": prices_page,
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
