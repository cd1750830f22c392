"""The Python API of the cost room as a page of the documentation, made from its docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from decimal import Decimal

from scripts.reference.markdown import GENERATED

import ferryman.cost
from ferryman.cost.bill import Bill, Line
from ferryman.cost.compare import Change, Comparison, Duel, Level, Stretch
from ferryman.cost.growth import Forecast, Month
from ferryman.cost.ranges import Range
from ferryman.cost.study import Study
from ferryman.cost.uncertainty import Band, Influence

__all__ = ("cost_api_page",)

_SECTIONS: tuple[tuple[str, tuple[object, ...]], ...] = (
    ("The question", (ferryman.cost.Workload, ferryman.cost.Shape, ferryman.cost.preset)),
    (
        "Platforms",
        (
            ferryman.cost.make_platforms,
            ferryman.cost.platform_names,
            ferryman.cost.Choices,
            ferryman.cost.FlatHost,
            ferryman.cost.load_book,
        ),
    ),
    (
        "The answer",
        (
            ferryman.cost.bill,
            ferryman.cost.compare,
            ferryman.cost.make_study,
            ferryman.cost.forecast,
        ),
    ),
    ("What a bill is", (Bill, Line)),
    ("What a comparison is", (Comparison, Level, Duel, Change, Stretch)),
    ("What a study is", (Study, Range, Band, Influence)),
    ("What a forecast is", (Forecast, Month)),
)

_INTRODUCTION = f"""{GENERATED}# The cost model from Python

The names of the first three sections are in `ferryman.cost`; the values that they return follow.
Values are frozen dataclasses, and money is a `Decimal` without rounding. A question without an
answer raises a `ferryman.FerrymanError` that says how to fix it. For an example, see
[ask the cost model from Python](../how-to/cost-from-python.md)."""

_FIELD = re.compile(r"^    (\w+): ", re.MULTILINE)


def cost_api_page() -> str:
    """Return the page in Markdown."""
    parts = [_INTRODUCTION]
    for title, things in _SECTIONS:
        parts.append(f"## {title}")
        parts += [part for thing in things for part in _entry(thing)]
    return "\n\n".join(parts) + "\n"


def _entry(thing: object) -> Iterator[str]:
    name: str = thing.__name__  # type: ignore[attr-defined]  # a class or a function
    yield f"### {name}"
    yield f"```python\n{name}{_signature(thing)}\n```"
    text, *blocks = re.split(r"^(Args|Raises):\n", inspect.getdoc(thing) or "", flags=re.MULTILINE)
    yield _prose(text)
    for kind, block in zip(blocks[::2], blocks[1::2], strict=True):
        yield "Raises:" if kind == "Raises" else "Where:"
        yield "\n".join(_fields(block))
    if inspect.isclass(thing):
        found = list(_members(thing))
        if found:
            yield "It has:"
            yield "\n".join(found)


def _signature(thing: object) -> str:
    """Return the parameters, one a line if they are many."""
    found = inspect.signature(thing)  # type: ignore[arg-type]
    parts = list(_parameters(found))
    inside = ", ".join(parts)
    if len(inside) > 70:
        inside = "\n    " + ",\n    ".join(parts) + ",\n"
    back = found.return_annotation
    ends = back in (inspect.Signature.empty, "None", None)
    return f"({inside})" if ends else f"({inside}) -> {back}"


def _parameters(signature: inspect.Signature) -> Iterator[str]:
    starred = False
    for one in signature.parameters.values():
        if one.kind is one.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        kind = re.sub(r"\b(?:\w+\.)+", "", str(one.annotation))
        default = "" if one.default is one.empty else f" = {_default(one.default)}"
        yield f"{one.name}: {kind}{default}"


def _default(value: object) -> str:
    if isinstance(value, Decimal):
        return f"Decimal('{value.normalize():f}')"
    if isinstance(value, tuple):
        return f"({', '.join(_default(part) for part in value)})"
    return "..." if "<" in repr(value) or "(" in repr(value) else repr(value)


def _members(kind: type) -> Iterator[str]:
    """Yield the properties and methods that a class has besides its fields."""
    ours = [each for each in kind.__mro__ if each.__module__.startswith("ferryman.")]
    found = {name: member for each in reversed(ours) for name, member in vars(each).items()}
    for name, member in found.items():
        shown = isinstance(member, property | classmethod) or inspect.isfunction(member)
        if name.startswith("_") or not shown:
            continue
        text = inspect.getdoc(member) or ""
        call = "" if isinstance(member, property) else "()"
        yield f"- `{name}{call}`: {_prose(text.split(chr(10) * 2)[0])}"


def _fields(block: str) -> Iterator[str]:
    """Yield the parameters or errors of a block as items of a list."""
    names = _FIELD.findall(block)
    texts = _FIELD.split(block)[2::2]
    for name, text in zip(names, texts, strict=True):
        yield f"- `{name}`: {_prose(text)}"


def _prose(text: str) -> str:
    """Return a docstring's text as Markdown, paragraphs kept."""
    paragraphs = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    return "\n\n".join(paragraphs).replace("``", "`")
