"""The page: controls on the left, the answer on the right, the same parts as in the report."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from ferryman.calculator.answers import find_answer, find_whole_answer
from ferryman.calculator.form import controls, explain_no_upload, navigation, upload
from ferryman.calculator.state import State
from ferryman.core.errors import FerrymanError
from ferryman.cost.page.document import digest, doubt, resource
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.sections import answer, first_sections, second_sections
from ferryman.cost.sentences import headline

__all__ = ("first_part", "page", "policy", "problem", "second_part", "shell")

HINT = (
    "Access logs, load balancer logs, CSV, or a file of `ferryman measure`."
    " It is read on this machine."
)


@cache
def _style() -> str:
    return resource("page.css") + _resource("calculator.css")


@cache
def _script() -> str:
    return resource("pointer.js") + _resource("calculator.js")


def _resource(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Return the Content-Security-Policy: what is inline by its hash, data from here alone."""
    return (
        f"default-src 'none'; style-src {digest(_style())}; script-src {digest(_script())};"
        " connect-src 'self'; form-action 'self'; img-src data:; base-uri 'none';"
        " frame-ancestors 'none'"
    )


def page(state: State, *, local: bool, failed: FerrymanError | None = None) -> str:
    """Return the whole page.

    Args:
        state: What it is set to.
        local: Whether it is served to this machine alone, and may read a file.
        failed: Why there is no answer; None if there is one.
    """
    title = "What would it cost?"
    if failed is None:
        first, second = first_part(state), second_part(state)
        title = headline(find_answer(state).study)
    else:
        first, second = problem(failed), Markup()
    reads = (
        upload("file", "Set it from a log or a measurement", HINT, state.query())
        if local
        else explain_no_upload("To set it from a log or a measurement")
    )
    return shell(title, (navigation("one"), controls(state), reads), first, second)


def shell(title: str, side: Iterable[Markup], first: Markup, second: Markup) -> str:
    """Return a page with its script and style.

    Args:
        title: What the window is called.
        side: The controls.
        first: What follows each change.
        second: What follows when the controls rest.
    """
    body = element(
        "body",
        element("aside", *side, aria_label="Controls"),
        element(
            "main",
            element("a", "Change the figures", href="#controls", class_="jump"),
            element("div", id="said", role="status", class_="unseen"),
            element("div", first, id="first"),
            element("div", second, id="second"),
        ),
        element("script", Markup(_script()), type="module"),
        class_="calculator",
    )
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("link", rel="icon", href="data:,"),
        element("title", f"{title} - ferryman"),
        element("style", Markup(_style())),
    )


def first_part(state: State) -> Markup:
    """Return the answer, the curves, the bills and the week.

    Raises:
        ConfigError: There is no answer.
    """
    found = find_answer(state)
    missing = (element("p", text, class_="missing") for text in found.missing)
    told = doubt(found.study.doubts)
    return join((told, answer(found.study), *missing, *first_sections(found.study)))


def second_part(state: State) -> Markup:
    """Return what would change the answer, and what it rests on.

    Raises:
        ConfigError: There is no answer.
    """
    return join(second_sections(find_whole_answer(state).study))


def problem(error: FerrymanError) -> Markup:
    """Return an error as HTML: what happened, why, and what to do."""
    more = [element("p", text) for text in (error.cause, error.hint) if text]
    return element("div", element("h1", error.message), *more, role="alert", class_="problem")
