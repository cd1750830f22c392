"""The frame of both pages: controls on the left, the answer on the right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from ferryman.calculator.form import Upload, navigation, upload_form
from ferryman.core.errors import FerrymanError
from ferryman.cost.page.document import digest, resource
from ferryman.cost.page.markup import Markup, element

__all__ = ("AnyState", "Page", "policy", "problem", "whole_page")


class _Addressed(Protocol):
    def query(self) -> str:
        """Return the state as the query of an address."""


AnyState = TypeVar("AnyState", bound=_Addressed)


@dataclass(frozen=True, slots=True)
class Page(Generic[AnyState]):
    """The parts in which the two pages differ.

    All functions but ``controls`` raise a `ConfigError` if the state has no answer.

    Attributes:
        name: The name of the page in the navigation: ``one`` or ``several``.
        title: The window's title if there is no answer.
        headline: Returns the window's title.
        controls: Returns the form.
        first: Returns the part that is updated while the user moves a control.
        second: Returns the part that is updated once the controls rest.
        upload: The upload of a file.
    """

    name: str
    title: str
    headline: Callable[[AnyState], str]
    controls: Callable[[AnyState], Markup]
    first: Callable[[AnyState], Markup]
    second: Callable[[AnyState], Markup]
    upload: Upload


def whole_page(
    page: Page[AnyState], state: AnyState, *, local: bool, failed: FerrymanError | None = None
) -> str:
    """Return a page as HTML with its script and style.

    Args:
        page: The page.
        state: Its settings.
        local: Whether only this machine can reach the page, which then accepts an upload.
        failed: Why there is no answer; None if there is one.
    """
    if failed is None:
        first, second, title = page.first(state), page.second(state), page.headline(state)
    else:
        first, second, title = problem(failed), Markup(), page.title
    body = element(
        "body",
        element(
            "aside",
            navigation(page.name),
            page.controls(state),
            upload_form(page.upload, state.query(), local=local),
            aria_label="Controls",
        ),
        element(
            "main",
            element("a", "Change the inputs", href="#controls", class_="jump"),
            element("div", id="said", role="status", class_="unseen"),
            element("div", first, id="first"),
            element("div", second, id="second"),
        ),
        element("script", Markup(_script()), type="module"),
        class_="calculator",
    )
    return f"<!doctype html>\n{element('html', _head(title), body, lang='en')}\n"


def problem(error: FerrymanError) -> Markup:
    """Return an error as HTML: the message, its cause and a hint."""
    more = [element("p", text) for text in (error.cause, error.hint) if text]
    return element("div", element("h1", error.message), *more, role="alert", class_="problem")


@cache
def policy() -> str:
    """Return the Content-Security-Policy: only the page's own style and script, data from here."""
    return (
        f"default-src 'none'; style-src {digest(_style())}; script-src {digest(_script())};"
        " connect-src 'self'; form-action 'self'; img-src data:; base-uri 'none';"
        " frame-ancestors 'none'"
    )


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


@cache
def _style() -> str:
    return resource("page.css") + _resource("calculator.css")


@cache
def _script() -> str:
    return resource("pointer.js") + _resource("calculator.js")


def _resource(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
