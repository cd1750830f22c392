"""HTML and SVG elements. Plain text in them is escaped; text of the type `Markup` is not."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape

__all__ = ("Markup", "element", "join", "unbroken")

_VOID = frozenset({"input", "link", "meta", "br"})


class Markup(str):
    """Text that is already markup, and must not be escaped."""

    __slots__ = ()


def join(parts: Iterable[str]) -> Markup:
    """Return the parts one after another, with plain text escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escape(part) for part in parts))


def element(name: str, /, *children: str, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: Its name.
        children: Markup, or text to be escaped.
        attributes: By name, with ``_`` for ``-``; a ``_`` at the end is dropped, as in ``class_``.
            ``None`` and ``False`` leave an attribute out, ``True`` gives it no value.
    """
    head = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _VOID:
        return Markup(f"<{name}{head}>")
    return Markup(f"<{name}{head}>{join(children)}</{name}>")


def unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(\d) (M|k|USD)\b", "\\1\u00a0\\2", text)


def _attribute(key: str, value: object) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f" {name}"
    text = _number(value) if isinstance(value, float) else str(value)
    return f' {name}="{escape(text)}"'


def _number(value: float) -> str:
    """Return a length rounded to a tenth of a pixel."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
