"""The page of several applications: a card for each on the left, the report's answer."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from ferryman.calculator.form import Upload, box, choice
from ferryman.calculator.page import Page
from ferryman.calculator.portfolio_state import COLUMNS, COMMON, AppRow, PortfolioState
from ferryman.calculator.state import typed
from ferryman.cost.page.document import doubt
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.portfolio_sections import (
    first_portfolio_sections,
    portfolio_answer,
    second_portfolio_sections,
)
from ferryman.cost.platforms.catalog import Choices
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.portfolio import App, Portfolio, find_portfolio
from ferryman.cost.portfolio_tables import headline
from ferryman.cost.prices.book import load_book
from ferryman.cost.workload import Workload

__all__ = ("PORTFOLIO_PAGE",)


@lru_cache(maxsize=16)
def find_answer(state: PortfolioState) -> Portfolio:
    """Return the joint costs of the applications.

    Raises:
        ConfigError: A figure is out of range, an application fits no server, or a price is missing.
    """
    choices = Choices(
        region=state.region,
        architecture=state.architecture,
        free_tiers=ALL_FREE_TIERS if state.free_tier else frozenset(),
    )
    return find_portfolio([_app(row) for row in state.apps], choices, load_book())


def _app(row: AppRow) -> App:
    figures = dict(row.figures)
    origins = dict.fromkeys(figures, "given")
    return App(
        row.name,
        Workload.of(**figures),
        origins=origins,
        doubts=(row.doubt,) if row.doubt else (),
    )


def _headline(state: PortfolioState) -> str:
    return headline(find_answer(state))


def _first_part(state: PortfolioState) -> Markup:
    found = find_answer(state)
    doubts = [f"{app.name}: {app.doubts[0]}" for app in found.doubtful]
    return join((doubt(doubts), portfolio_answer(found), *first_portfolio_sections(found)))


def _second_part(state: PortfolioState) -> Markup:
    return join(second_portfolio_sections(find_answer(state)))


def _controls(state: PortfolioState) -> Markup:
    return element(
        "form",
        # The Return key in a field activates the first button of the form.
        element("button", "Update", type="submit", class_="update"),
        *(part for number, row in enumerate(state.apps, 1) for part in _card(number, row)),
        element("button", "Add an application", type="submit", name="add", value="one"),
        *(choice(name, getattr(state, name)) for name in COMMON),
        box("no-free-tier", "The free tiers are used up", not state.free_tier),
        method="get",
        action="./",
        id="controls",
        autocomplete="off",
        aria_label="The applications",
    )


def _card(number: int, row: AppRow) -> Iterator[Markup]:
    figures = dict(row.figures)
    shown = {column.field for column in COLUMNS}
    hidden = {f"{field}{number}": typed(x) for field, x in figures.items() if field not in shown}
    hidden |= {f"doubt{number}": row.doubt} if row.doubt else {}
    remove = element(
        "button",
        "Remove",
        type="submit",
        name="remove",
        value=number,
        class_="remove",
        aria_label=f"Remove {row.name}",
    )
    yield element(
        "fieldset",
        element("legend", f"Application {number}", class_="unseen"),
        _field(f"name{number}", "Application", row.name, numeric=False),
        remove,
        *(_field(f"{x.field}{number}", x.label, typed(figures[x.field])) for x in COLUMNS),
        *(element("input", type="hidden", name=n, value=v) for n, v in hidden.items()),
        class_="app",
    )


def _field(name: str, label: str, value: str, *, numeric: bool = True) -> Markup:
    field = element(
        "input",
        type="text",
        id=name,
        name=name,
        value=value,
        inputmode="decimal" if numeric else None,
    )
    return element("div", element("label", label, for_=name), field, class_="field")


PORTFOLIO_PAGE = Page(
    name="several",
    title="What would they cost together?",
    headline=_headline,
    controls=_controls,
    first=_first_part,
    second=_second_part,
    upload=Upload(
        "measured",
        "Add a measured application",
        "A file of `ferryman measure`. It is read on this machine.",
    ),
)
