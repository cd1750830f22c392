"""What axe-core, the checker that browsers' own tools use, finds on an open page.

`make` puts it into .tools/axe. It is handed to the browser past the page's own
Content-Security-Policy, which would not let it in.
"""

from __future__ import annotations

from pathlib import Path

from playwright.async_api import Page

__all__ = ("barriers",)

AXE = Path(__file__).parents[1] / ".tools/axe/node_modules/axe-core/axe.min.js"


async def barriers(page: Page) -> list[str]:
    """Return each serious or critical finding, with the elements it is about."""
    assert AXE.is_file(), f"there is no {AXE}: run `make setup`"
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("axe.run()")
    assert found["passes"], "axe checked nothing"
    return [
        f"{rule['id']}: {rule['help']}: {node['html'][:120]}"
        for rule in found["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]
