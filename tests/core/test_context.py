"""What the app can ask about its request and about where it runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp.test_utils import make_mocked_request

import ferryman
from ferryman.core import capabilities
from ferryman.core.context import EVENT, RequestContext, current_context


@pytest.fixture
def restored() -> Iterator[None]:
    before = capabilities.current()
    yield
    capabilities.declare(before)


def test_outside_a_request_nothing_is_cut_off() -> None:
    assert ferryman.remaining_time() is None


@pytest.mark.parametrize(
    ("milliseconds", "seconds"), [(None, None), (1500, 1.5), (0, 0.0), (-5, 0.0)]
)
def test_the_remaining_time_is_never_negative(
    milliseconds: float | None, seconds: float | None
) -> None:
    left = None if milliseconds is None else (lambda: milliseconds)
    token = current_context.set(RequestContext("1", milliseconds_left=left))
    try:
        assert ferryman.remaining_time() == seconds
    finally:
        current_context.reset(token)


async def test_requests_at_the_same_time_each_see_their_own_context() -> None:
    async def serve(name: str) -> str | None:
        current_context.set(RequestContext(name))
        await asyncio.sleep(0)
        context = current_context.get()
        return context.request_id if context else None

    first, second = await asyncio.gather(serve("a"), serve("b"))
    assert (first, second) == ("a", "b")


def test_the_event_is_what_the_runtime_left_on_the_request() -> None:
    request = make_mocked_request("GET", "/")
    assert ferryman.event(request) is None
    request[EVENT] = {"version": "2.0"}
    assert ferryman.event(request) == {"version": "2.0"}


def test_without_a_target_the_app_runs_on_a_plain_server() -> None:
    offered = ferryman.capabilities()
    assert offered.target == "none"
    assert offered.streaming
    assert offered.time_limit is None


@pytest.mark.usefixtures("restored")
def test_the_app_sees_what_its_runtime_declared() -> None:
    from ferryman.targets.server.runtime.capability import CAPABILITIES

    capabilities.declare(CAPABILITIES)
    assert ferryman.capabilities() is CAPABILITIES


def test_each_public_name_is_listed_and_no_other_is_there() -> None:
    assert set(ferryman.__all__) <= set(dir(ferryman))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(ferryman, "nothing")  # noqa: B009
