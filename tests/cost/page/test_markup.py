from __future__ import annotations

import pytest

from ferryman.cost.page.markup import Markup, element, join


def test_text_is_escaped_and_markup_is_not() -> None:
    inner = element("b", "a < b & c")
    assert element("p", "x > ", inner) == "<p>x &gt; <b>a &lt; b &amp; c</b></p>"
    assert join(("<", Markup("<br>"))) == "&lt;<br>"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a b", ' x="a b"'),
        ('"><script>', ' x="&quot;&gt;&lt;script&gt;"'),
        (True, " x"),
        (False, ""),
        (None, ""),
        (0, ' x="0"'),
        (12.34, ' x="12.3"'),
        (-0.5, ' x="-0.5"'),
        (-0.01, ' x="0"'),
    ],
)
def test_an_attribute_is_written_as_its_value_asks(value: object, written: str) -> None:
    assert element("i", x=value) == f"<i{written}></i>"


def test_names_of_attributes_may_have_dashes() -> None:
    assert element("p", class_="c", aria_label="l") == '<p class="c" aria-label="l"></p>'
