"""The page on event sources is what the tables say."""

from __future__ import annotations

from pathlib import Path

from ferryman.targets.lambda_.gateway.losses import CANNOT_CARRY
from ferryman.targets.lambda_.gateway.reference import events_page
from ferryman.targets.lambda_.gateway.sources import GATEWAYS


def test_the_page_is_what_the_code_says(repository: Path) -> None:
    assert (repository / "docs/reference/events.md").read_text(encoding="utf-8") == events_page()


def test_the_page_names_every_source_and_every_loss() -> None:
    page = events_page()
    assert all(f"`{name}`" in page for name in GATEWAYS)
    assert all(loss.what in page and loss.instead in page for loss in CANNOT_CARRY)
