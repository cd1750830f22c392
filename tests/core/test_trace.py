from __future__ import annotations

import pytest

from ferryman.core.trace import Trace, read_trace

TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"00-{TRACE}-{SPAN}-01", Trace(TRACE, SPAN)),
        (f" 00-{TRACE}-{SPAN}-00 ", Trace(TRACE, SPAN)),
        (f"01-{TRACE}-{SPAN}-01-what-comes-later", Trace(TRACE, SPAN)),
        (
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1",
            Trace("5759e988bd862e3fe1be46a994272793", "53995c3f42cd8ad8"),
        ),
        (
            "Self=1-1-1;Root=1-5759e988-bd862e3fe1be46a994272793",
            Trace("5759e988bd862e3fe1be46a994272793", None),
        ),
        (None, None),
        ("", None),
        ("nonsense", None),
        (f"00-{TRACE}-{SPAN}-01-more", None),
        (f"ff-{TRACE}-{SPAN}-01", None),
        (f"00-{'0' * 32}-{SPAN}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SPAN}-01", None),
        (f"00-{TRACE}-{SPAN}-01\n", Trace(TRACE, SPAN)),
        ("Root=1-5759e988-short;Parent=53995c3f42cd8ad8", None),
    ],
)
def test_a_trace_is_read_strictly(value: str | None, expected: Trace | None) -> None:
    assert read_trace(value) == expected
