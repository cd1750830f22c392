"""The page of one application: sliders on the left, the report's answer."""

from __future__ import annotations

from ferryman.calculator.answers import find_answer, find_whole_answer
from ferryman.calculator.form import Upload, controls
from ferryman.calculator.page import Page
from ferryman.calculator.state import State
from ferryman.cost.page.document import doubt
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.sections import answer, first_sections, second_sections
from ferryman.cost.sentences import headline

__all__ = ("SINGLE_PAGE",)


def _headline(state: State) -> str:
    return headline(find_answer(state).study)


def _first_part(state: State) -> Markup:
    found = find_answer(state)
    missing = (element("p", text, class_="missing") for text in found.missing)
    warning = doubt(found.study.doubts)
    return join((warning, answer(found.study), *missing, *first_sections(found.study)))


def _second_part(state: State) -> Markup:
    return join(second_sections(find_whole_answer(state).study))


SINGLE_PAGE = Page(
    name="one",
    title="What would it cost?",
    headline=_headline,
    controls=controls,
    first=_first_part,
    second=_second_part,
    upload=Upload(
        "file",
        "Set it from a log or a measurement",
        "Access logs, load balancer logs, CSV, or a file of `ferryman measure`."
        " It is read on this machine.",
    ),
)
