"""The parity table under cargo-lambda's emulator, whose Function URL is not of our making.

The bundle is the one that is deployed; what it answers there is held to what the same code
answers under gunicorn. What the emulator cannot carry is listed, and must go on failing.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.parity.cargo_lambda import emulated
from tests.parity.sending import TABLE, send_each, wait_for
from tests.parity.test_parity import served

from ferryman.building.artifact import Artifact
from ferryman.local.emulator import unpack
from ferryman.migrate.parity import Difference, ParityRequest, open_session

PROGRAM = Path(__file__).parents[2] / ".tools" / "cargo-lambda" / "bin" / "cargo-lambda"

_BINARY = "it takes a body for text by its type, though it is compressed, and answers 500 itself"
_MISSING = "the card that was sent compressed did not get through"

NOT_CARRIED: dict[str, str] = {
    "a new card, sent compressed": _BINARY,
    "what the sorting office counted": _MISSING,
    "all the cards, streamed": _MISSING,
    "all the cards, streamed and compressed": _MISSING,
    "events": _MISSING,
    "events, from where the client left off": _MISSING,
    "the wall after all this": _MISSING,
    "a compressed body": _BINARY,
    "a compressed body that grows beyond the limit": _BINARY,
    "a header that comes twice": "it passes on the last value of a name alone",
}
"""Requests of the table that the emulator itself loses something of, each with the reason."""


@pytest.fixture(scope="module")
def differences(
    postcards_bundle: Artifact,
    emulator: Path,
    tmp_path_factory: pytest.TempPathFactory,
    unused_tcp_port_factory: object,
) -> dict[str, tuple[Difference, ...]]:
    """Send the whole table to the emulator and to a server, and return where they differ."""
    assert PROGRAM.is_file(), f"there is no emulator at {PROGRAM}: run `make setup`"
    scratch = tmp_path_factory.mktemp("cargo-lambda")
    unpack(Path(postcards_bundle.path), scratch / "task")
    first, second, third = (unused_tcp_port_factory() for _ in range(3))  # type: ignore[operator]

    async def compare_both() -> dict[str, tuple[Difference, ...]]:
        async with emulated(PROGRAM, scratch / "task", scratch, (first, second)) as url:
            return await send_to_both({"emulator": url, "server": f"http://127.0.0.1:{third}"})

    with served("server", third, emulator, scratch / "server.log"):
        return asyncio.run(compare_both())


@pytest.mark.parametrize("request_", TABLE, ids=lambda request: request.name)
def test_an_emulator_of_others_answers_as_the_server_does(
    request_: ParityRequest, differences: dict[str, tuple[Difference, ...]]
) -> None:
    found = [str(difference) for difference in differences[request_.name]]
    if request_.name in NOT_CARRIED:
        assert found, f"it is carried after all: {request_.name}"
    else:
        assert found == []


def test_what_is_not_carried_is_in_the_table() -> None:
    assert set(NOT_CARRIED) <= {request.name for request in TABLE}


async def send_to_both(targets: dict[str, str]) -> dict[str, tuple[Difference, ...]]:
    async with open_session() as session:
        for url in targets.values():
            await wait_for(session, url)
        return await send_each(session, targets)
