"""Request targets: base paths and what a target can hold."""

from __future__ import annotations

import pytest

from ferryman.targets.lambda_.runtime.events.target import (
    escape_path,
    request_target,
    strip_base_path,
)


@pytest.mark.parametrize(
    ("target", "base", "stripped"),
    [
        ("/api/x", "/api", "/x"),
        ("/api/x?q=/api", "/api", "/x?q=/api"),
        ("/api", "/api", "/"),
        ("/api/", "/api", "/"),
        ("/api?q=1", "/api", "/?q=1"),
        ("/apifoo", "/api", "/apifoo"),
        ("/api%2Fx", "/api", "/api%2Fx"),
        ("/x/api", "/api", "/x/api"),
        ("/API/x", "/api", "/API/x"),
        ("/api//x", "/api", "//x"),
        ("/v1/api/x", "/v1/api", "/x"),
        ("/api/x", "api", "/x"),
        ("/api/x", "/api/", "/x"),
        ("/api/x", "", "/api/x"),
        ("/api/x", "/", "/api/x"),
        ("/", "/api", "/"),
    ],
)
def test_a_base_path_is_whole_segments(target: str, base: str, stripped: str) -> None:
    assert strip_base_path(target, base) == stripped


@pytest.mark.parametrize(
    ("path", "escaped"),
    [
        ("/a/b", "/a/b"),
        ("/a%2Fb", "/a%2Fb"),
        ("/100%", "/100%25"),
        ("/100%zz%4", "/100%25zz%254"),
        ("/what?#", "/what%3F%23"),
    ],
)
def test_a_decoded_path_is_escaped_where_it_has_to_be(path: str, escaped: str) -> None:
    assert escape_path(path) == escaped


@pytest.mark.parametrize(
    ("path", "query", "target"),
    [
        ("", "", "/"),
        ("x", "q", "/x?q"),
        ("/a b", "c d", "/a%20b?c%20d"),
        ("/\x7f\n", "", "/%7F%0A"),
        # JSON can hold half a character.
        ("/\ud800", "", "/%ED%A0%80"),
        ("*", "", "/*"),
    ],
)
def test_a_target_holds_nothing_but_what_it_may(path: str, query: str, target: str) -> None:
    assert request_target(path, query) == target
