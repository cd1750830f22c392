"""A client of a fresh application, and the way to import it from any directory."""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from postcards.app import create_app


def pytest_configure(config):
    # ferryman's plugin knows the mark; where that is not installed it says nothing.
    config.addinivalue_line("markers", "ferryman_requires(*names): what a target must offer")


@pytest.fixture(autouse=True)
def default_settings(monkeypatch):
    for name in [name for name in os.environ if name.startswith("POSTCARDS_")]:
        monkeypatch.delenv(name)


@pytest.fixture
async def client(aiohttp_client):
    return await aiohttp_client(create_app())


@pytest.fixture
async def ada(client):
    """The same client, signed in as Ada."""
    await client.post("/login", data={"name": "Ada", "theme": "sea"}, allow_redirects=False)
    return client
