"""The page as one file, which loads nothing; its policy allows only its own style and script."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

from ferryman.cost import portfolio_tables
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.portfolio_sections import (
    first_portfolio_sections,
    portfolio_answer,
    second_portfolio_sections,
)
from ferryman.cost.page.sections import answer, first_sections, second_sections
from ferryman.cost.portfolio import Portfolio
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.sentences import headline
from ferryman.cost.study import Study

__all__ = ("digest", "document", "doubt", "picture_file", "portfolio_document", "resource")


@cache
def resource(name: str) -> str:
    """Return the text of a file beside this module: the style sheet or the script."""
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return the source expression of an inline style or script in a Content-Security-Policy."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def document(study: Study, name: str = "", day: date | None = None) -> str:
    """Return the whole page. The same study, name and day give the same bytes.

    Args:
        study: The study.
        name: The name of the project, shown at the top.
        day: The day of the answer.
    """
    top = masthead(name, day, _basis(study), study.doubts)
    return _whole(
        f"{name}: {headline(study)}" if name else headline(study),
        element("main", top, answer(study), *first_sections(study), *second_sections(study)),
        study.comparison.book,
    )


def portfolio_document(found: Portfolio, name: str = "", day: date | None = None) -> str:
    """Return the page of several applications.

    Args:
        found: The portfolio.
        name: The name of the portfolio, shown at the top.
        day: The day of the answer.
    """
    title = portfolio_tables.headline(found)
    assumed = [app.name for app in found.apps if "wall_ms" not in app.origins]
    basis = f"assumed durations of {', '.join(assumed)}" if assumed else ""
    doubts = tuple(f"{app.name}: {app.doubts[0]}" for app in found.doubtful)
    top = masthead(name, day, basis, doubts)
    return _whole(
        f"{name}: {title}" if name else title,
        element(
            "main",
            top,
            portfolio_answer(found),
            *first_portfolio_sections(found),
            *second_portfolio_sections(found),
        ),
        found.book,
    )


def _whole(title: str, main: Markup, book: PriceBook) -> str:
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
        element("title", title),
        element("style", Markup(style)),
    )
    foot = (
        f"Made by ferryman cost with the prices of {book.date}."
        " A month has 730 hours. Amounts are in USD."
    )
    body = element(
        "body",
        main,
        element("footer", element("p", foot)),
        element("script", Markup(script), type="module"),
    )
    return f"<!doctype html>\n{element('html', join((head, body)), lang='en')}\n"


def masthead(name: str, day: date | None, basis: str, doubts: Sequence[str]) -> Markup:
    """Return the line above the headline, and a warning if figures are doubtful.

    Args:
        name: The name of the project.
        day: The day of the answer.
        basis: The source of the figures.
        doubts: Reasons to doubt the figures.
    """
    parts: list[str] = [element("b", name)] if name else []
    parts += [f"{day.day} {day:%B %Y}"] if day else []
    parts += [basis] if basis else []
    spaced = [text for part in parts for text in (" · ", part)][1:]
    about = element("p", *spaced, class_="about") if parts else Markup()
    return join((about, doubt(doubts)))


def doubt(doubts: Sequence[str]) -> Markup:
    """Return the first reason to doubt the figures, if there is one."""
    return element("p", f"Doubtful: {doubts[0]}", class_="doubt") if doubts else Markup()


def _basis(study: Study) -> str:
    """Return the source of the durations; empty if they were given."""
    if study.measured:
        return f"measured on {study.measured.measurement.taken[:10]}"
    return "" if "wall_ms" in study.origins else "assumed durations"


def picture_file(picture: Markup) -> str:
    """Return a chart as an SVG file of its own, in the page's colours and type."""
    css = resource("page.css")
    colours = css[: css.index("* {")]
    drawing = "\n".join(line for line in css.splitlines() if line.startswith("svg"))
    style = element("style", Markup(f"{colours}svg {{ background: var(--paper); }}\n{drawing}"))
    head, opening, rest = picture.partition(">")
    return f'{head} xmlns="http://www.w3.org/2000/svg"{opening}{style}{rest}\n'
