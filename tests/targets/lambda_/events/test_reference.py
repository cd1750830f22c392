"""The page on event sources is what the tables say."""

from __future__ import annotations

from pathlib import Path

import pytest
from scripts.reference.events import events_page

from ferryman.local.gateway.all_gateways import GATEWAYS
from ferryman.local.gateway.faults import FAULTS, Fault
from ferryman.local.gateway.losses import CANNOT_CARRY


def test_the_page_is_what_the_code_says(repository: Path) -> None:
    assert (repository / "docs/reference/events.md").read_text(encoding="utf-8") == events_page()


@pytest.mark.parametrize("name", GATEWAYS)
def test_every_fault_that_can_happen_at_a_source_has_its_answer(name: str) -> None:
    limits = GATEWAYS[name].limits
    can = {Fault.FAILED, Fault.UNREADABLE, Fault.THROTTLED, Fault.TOO_LARGE}
    can |= {Fault.HEADERS} if limits.headers is not None else set()
    can |= {Fault.SLOW} if limits.seconds is not None else set()
    can |= {Fault.PATH} if name.startswith("http-api") else set()
    assert set(FAULTS[name]) == can
    assert all(400 <= answer.status < 600 for answer in FAULTS[name].values())


def test_the_page_names_every_source_and_every_loss() -> None:
    page = events_page()
    assert all(f"`{name}`" in page for name in GATEWAYS)
    assert all(loss.what in page and loss.instead in page for loss in CANNOT_CARRY)
