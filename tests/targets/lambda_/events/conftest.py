from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

FIXTURES = Path(__file__).parent / "fixtures"

Sample = Callable[..., dict[str, Any]]


@pytest.fixture
def sample() -> Sample:
    """Read the event of a source, of the shape that AWS documents, and change fields of it."""

    def read(name: str, **changes: Any) -> dict[str, Any]:
        event: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text())
        return event | changes

    return read
