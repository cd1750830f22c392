"""What of aiohttp's tests an event source cannot carry, and why.

Each test that is named here must fail, and no other may. A test is named by its file, its
name and its parameters; the parameter of the event loop is left out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

__all__ = (
    "DIFFERENCES",
    "SOCKET",
    "SOURCES",
    "STREAMING",
    "Difference",
    "anywhere",
    "expected_failures",
    "lost_functions",
)

SOCKET = "socket"
"""No event source: aiohttp's own server, which the tests were written for."""

STREAMING = "-streaming"
"""What ends the name of a source where answers stream through it; elsewhere they are buffered."""

SOURCES = (
    "function-url",
    "http-api",
    "http-api-v1",
    "rest-api",
    "alb",
    "alb-multi-value",
    "lattice-v1",
    "lattice-v2",
    "edge",
    "function-url-streaming",
)

_BUFFERED = tuple(source for source in SOURCES if not source.endswith(STREAMING))
_API_GATEWAY = ("http-api", "http-api-v1", "rest-api")
_MEGABYTE_SOURCES = ("alb", "alb-multi-value", "edge")


@dataclass(frozen=True, slots=True)
class Difference:
    """Tests that fail for one reason.

    Attributes:
        what: What the tests want.
        why: Why it is not to be had.
        tests: The tests.
        sources: The event sources behind which they fail.
        size: Whether a limit of the source is all there is to it.
    """

    what: str
    why: str
    tests: tuple[str, ...]
    sources: tuple[str, ...] = SOURCES
    size: bool = False


def expected_failures(source: str) -> dict[str, str]:
    """Return the tests that must fail behind a source, with the reason of each.

    Raises:
        ValueError: A test has two reasons.
    """
    found = anywhere()
    for difference in DIFFERENCES:
        if source in difference.sources:
            for test in difference.tests:
                if test in found:
                    raise ValueError(f"{test} has two reasons behind {source}")
                found[test] = f"{difference.what}: {difference.why}"
    return found


def lost_functions(source: str) -> set[str]:
    """Return the tests that fail behind a source, each once, whatever its parameters."""
    return {
        test.partition("[")[0]
        for difference in DIFFERENCES
        if source in difference.sources
        for test in difference.tests
    }


def anywhere() -> dict[str, str]:
    """Return the tests that fail over a plain socket as well, for a user who runs them here."""
    as_root = os.geteuid() == 0
    return dict.fromkeys(_NOT_AS_ROOT, "root may read every file") if as_root else {}


_FUNCTIONAL = "test_web_functional.py::"
_FILES = "test_web_sendfile_functional.py::"
_PATHS = "test_web_middleware.py::"
_LOG = "test_web_log.py::"

DIFFERENCES: tuple[Difference, ...] = (
    Difference(
        "an answer that is read while the handler still writes it",
        "the answer goes out whole, and one that streams is collected here",
        (
            f"{_FUNCTIONAL}test_await",
            f"{_FUNCTIONAL}test_context_manager_close_on_release",
            "test_client_functional.py::test_connection_released_when_cookie_processing_fails",
        ),
    ),
    Difference(
        "keep-alive: how long a connection waits for another request, and whether it does",
        "the connection to the client is the event source's own",
        (
            f"{_FUNCTIONAL}test_keepalive_race_condition",
            f"{_FUNCTIONAL}test_keepalive_expires_on_time",
            f"{_LOG}test_logger_does_not_log_when_enabled_post_init",
        ),
    ),
    Difference(
        "a Date of the app's own",
        "it arrives as x-amzn-remapped-date",
        (f"{_FUNCTIONAL}test_custom_date_header",),
        ("function-url", "rest-api", f"function-url{STREAMING}"),
    ),
    Difference(
        "bytes after an upgrade to WebSocket",
        "no source passes status 101 and a connection on to a function",
        (
            f"{_FUNCTIONAL}test_upgrade_tail_is_byte_limited",
            f"{_FUNCTIONAL}test_upgrade_tail_resumes_reading_after_websocket_prepare",
        ),
    ),
    Difference(
        "the socket behind a request",
        "there is none",
        (
            f"{_FILES}test_static_file_huge_cancel",
            f"{_FILES}test_static_file_huge_error",
        ),
    ),
    Difference(
        "a body that nobody has read is drained from the connection",
        "the body is in the event, whole, and what nobody reads is never unpacked",
        (
            f"{_FUNCTIONAL}test_unread_compressed_body_drain_is_bounded[4194304]",
            f"{_FUNCTIONAL}test_unread_compressed_body_drain_is_bounded[33554432]",
        ),
    ),
    Difference(
        "the private state of aiohttp's connection while it shuts down",
        "requests are not run by a connection",
        (f"{_FUNCTIONAL}test_cancel_shutdown",),
    ),
    Difference(
        "the server refuses a header line of more than 8,190 bytes",
        "the limit is the event source's, and what it lets through is in the event",
        (f"{_FUNCTIONAL}test_large_header",),
    ),
    Difference(
        "`%2F` in a path",
        "an HTTP API decodes the path before it makes the event",
        (
            f"{_PATHS}test_add_trailing_when_necessary[/resource2/a/b%2Fc-200]",
            f"{_PATHS}test_add_trailing_when_necessary[/resource2/a/b%2Fc/-200]",
            f"{_PATHS}test_remove_trailing_when_necessary[/resource2/a/b%2Fc/-200]",
            f"{_PATHS}test_no_trailing_slash_when_disabled[/resource2/a/b%2Fc/-200]",
        ),
        ("http-api", "http-api-v1"),
    ),
    Difference(
        "the scheme `http`",
        "the event does not say the scheme, and https is assumed",
        (f"{_FUNCTIONAL}test_absolute_form_target_does_not_spoof_scheme",),
        ("lattice-v1", "lattice-v2"),
    ),
    Difference(
        "the header Expect",
        "CloudFront keeps it from the function",
        (
            f"{_FUNCTIONAL}test_expect_default_handler_unknown",
            f"{_FUNCTIONAL}test_100_continue_custom",
            f"{_FUNCTIONAL}test_100_continue_custom_response",
            f"{_FUNCTIONAL}test_expect_handler_custom_response",
        ),
        ("edge",),
    ),
    Difference(
        "Content-Length in an answer to HEAD",
        "CloudFront takes no answer with that header",
        (f"{_FUNCTIONAL}test_head_returns_empty_body",),
        ("edge",),
    ),
    Difference(
        "an answer with status 101",
        "CloudFront takes a status from 200 to 599",
        (
            f"{_FUNCTIONAL}test_response_101_204_no_content_length_http11[101]",
            f"{_FUNCTIONAL}test_no_body_for_1xx_204_304_responses[version0-101]",
            f"{_FUNCTIONAL}test_no_body_for_1xx_204_304_responses[version1-101]",
        ),
        ("edge",),
    ),
    Difference(
        "an answer of 20 MB",
        "a buffered answer may have 6 MB, or less behind some sources; a stream may be larger",
        (f"{_FILES}test_static_file_huge",),
        _BUFFERED,
        size=True,
    ),
    Difference(
        "16,000 bytes of headers in a request",
        "API Gateway takes 10,240",
        (f"{_FUNCTIONAL}test_large_header_allowed",),
        _API_GATEWAY,
        size=True,
    ),
    Difference(
        "a request with a body of more than 1 MiB",
        "load balancers refuse it, and CloudFront cuts it off",
        (
            f"{_FUNCTIONAL}test_app_max_client_size_adjusted",
            f"{_FUNCTIONAL}test_app_max_client_size_none",
            f"{_FUNCTIONAL}test_post_file_fields_descriptor_cost[one-oversized-part]",
            f"{_FUNCTIONAL}test_post_file_field_spool_rollover[1048575]",
            f"{_FUNCTIONAL}test_post_file_field_spool_rollover[1048576]",
            f"{_FUNCTIONAL}test_post_file_field_spool_rollover[1048577]",
        ),
        _MEGABYTE_SOURCES,
        size=True,
    ),
    Difference(
        "a form of more than 1 MiB that the application refuses itself",
        "load balancers refuse it first, and in other words",
        (f"{_FUNCTIONAL}test_app_max_client_size",),
        ("alb", "alb-multi-value"),
        size=True,
    ),
)
"""The tests that fail behind event sources, by what they want."""

_NOT_AS_ROOT = (
    "test_web_urldispatcher.py::test_static_directory_without_read_permission[]",
    "test_web_urldispatcher.py::test_static_directory_without_read_permission[my_file.txt]",
    "test_web_urldispatcher.py::test_static_file_without_read_permission",
)
