"""The page as one file: nothing is fetched, and nothing runs but what its hashes name."""

from __future__ import annotations

from base64 import b64encode
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.sections import answer, sections
from ferryman.cost.sentences import headline
from ferryman.cost.study import Study

__all__ = ("digest", "document", "picture_file", "resource")


@cache
def resource(name: str) -> str:
    """Return the text of a file beside this module: the style sheet or the script."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return what a Content-Security-Policy calls an inline style or script of this text."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def document(study: Study, name: str = "", day: date | None = None) -> str:
    """Return the whole page. The same study, name and day give the same bytes.

    Args:
        study: What it shows.
        name: Of the project, which stands at the top.
        day: On which the answer was found.
    """
    style, script = resource("page.css"), resource("pointer.js")
    policy = (
        f"default-src 'none'; style-src {digest(style)}; script-src {digest(script)};"
        " base-uri 'none'; form-action 'none'"
    )
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{name}: {headline(study)}" if name else headline(study)),
        element("style", Markup(style)),
    )
    body = element(
        "body",
        element("main", masthead(study, name, day), answer(study), *sections(study)),
        element("footer", element("p", footer(study))),
        element("script", Markup(script), type="module"),
    )
    return f"<!doctype html>\n{element('html', join((head, body)), lang='en')}\n"


def masthead(study: Study, name: str, day: date | None) -> Markup:
    """Return what the page is about: the project, the day, and what its figures rest on."""
    parts: list[str] = [element("b", name)] if name else []
    if day:
        parts.append(f"{day.day} {day:%B %Y}")
    if study.measured:
        parts.append(f"measured on {study.measured.measurement.taken[:10]}")
    elif "wall_ms" not in study.origins:
        parts.append("durations assumed")
    doubts = study.measured.measurement.doubts if study.measured else ()
    doubt = element("p", f"Doubtful: {doubts[0]}", class_="doubt") if doubts else Markup()
    spaced = [text for part in parts for text in (" · ", part)][1:]
    about = element("p", *spaced, class_="about") if parts else Markup()
    return join((about, doubt))


def picture_file(picture: Markup) -> str:
    """Return a chart as an SVG file of its own, in the page's colours and type."""
    css = resource("page.css")
    colours = css[: css.index("* {")]
    drawing = "\n".join(line for line in css.splitlines() if line.startswith("svg"))
    style = element("style", Markup(f"{colours}svg {{ background: var(--paper); }}\n{drawing}"))
    head, opening, rest = picture.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"{opening}{style}{rest}\n'


def footer(study: Study) -> str:
    """Return what the page is, and of when its prices are."""
    return (
        "Made by ferryman cost, from the prices of"
        f" {study.comparison.book.date}. A month has 730 hours. USD throughout."
    )
