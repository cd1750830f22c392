"""The controls, as a form that works without a script: a button then sends it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ferryman.calculator.state import (
    CHOICES,
    CHOSEN,
    PLATFORMS,
    SLIDERS,
    SWITCHES,
    Slider,
    State,
    typed,
)
from ferryman.cost.page.markup import Markup, element

__all__ = ("Upload", "box", "choice", "controls", "navigation", "upload_form")


class Upload(NamedTuple):
    """The upload of a file to a page.

    Attributes:
        path: The path that receives the file, relative to the page.
        label: The label of the field.
        hint: The accepted files.
    """

    path: str
    label: str
    hint: str


def controls(state: State) -> Markup:
    """Return the form with the values of a state."""
    hidden = {name: typed(value) for name, value in state.more}
    hidden |= {"week": state.week} if state.week else {}
    hidden |= {"doubt": state.doubt} if state.doubt else {}
    return element(
        "form",
        *(_slider(slider, state) for slider in SLIDERS),
        *(_choice(name, state) for name in CHOICES),
        _platforms(state),
        *_switches(state),
        *(element("input", type="hidden", name=n, value=v) for n, v in hidden.items()),
        element("button", "Update", type="submit"),
        method="get",
        action="./",
        id="controls",
        autocomplete="off",
        aria_label="What to compare",
    )


def _slider(slider: Slider, state: State) -> Markup:
    unit = f"{slider.name}-unit"
    number = element(
        "input",
        type="text",
        inputmode="decimal",
        id=slider.name,
        name=slider.name,
        value=typed(getattr(state, slider.name)),
        aria_describedby=unit,
    )
    track = element(
        "input",
        type="range",
        min=0,
        max=len(slider.steps) - 1 if slider.steps else 600,
        aria_label=f"{slider.label}, {slider.unit}",
        data_for=slider.name,
        data_low=None if slider.steps else typed(slider.low),
        data_high=None if slider.steps else typed(slider.high),
        data_steps=" ".join(map(str, slider.steps)) or None,
    )
    return element(
        "div",
        element("label", slider.label, for_=slider.name),
        element("span", number, element("span", slider.unit, id=unit), class_="number"),
        track,
        class_="control",
    )


def _choice(name: str, state: State) -> Markup:
    more = {"log": "from your log"} if name == "shape" and state.week else {}
    return choice(name, getattr(state, name), more)


def choice(name: str, chosen: str, more: Mapping[str, str] | None = None) -> Markup:
    """Return a selection list with its label.

    Args:
        name: Its name in `CHOICES`.
        chosen: The selected value.
        more: Further options: values and texts.
    """
    label, values = CHOICES[name]
    options = (_option(value, text, chosen) for value, text in {**values, **(more or {})}.items())
    field = element("select", *options, id=name, name=name)
    return element("div", element("label", label, for_=name), field, class_="control")


def _option(value: str, text: str, chosen: str) -> Markup:
    return element("option", text, value=value, selected=value == chosen)


def _platforms(state: State) -> Markup:
    boxes = (box(name, text, name in state.against) for name, text in PLATFORMS.items())
    chosen = element("input", type="hidden", name=CHOSEN, value="yes")
    return element("fieldset", element("legend", "Lambda against"), chosen, *boxes)


def _switches(state: State) -> Iterator[Markup]:
    on = {"autoscale": state.autoscale, "no-free-tier": not state.free_tier}
    for name, text in SWITCHES.items():
        yield box(name, text, on[name])


def box(name: str, text: str, checked: bool) -> Markup:
    """Return a checkbox with its label."""
    tick = element("input", type="checkbox", name=name, value="on", checked=checked)
    return element("label", tick, text, class_="box")


def navigation(current: str) -> Markup:
    """Return the links between the page of one application and the page of several.

    Args:
        current: The current page: ``one`` or ``several``.
    """
    one, several = ("./", "portfolio/") if current == "one" else ("../", "./")
    links = (("one", "One application", one), ("several", "Several", several))
    return element(
        "nav",
        *(
            element("a", text, href=place, aria_current="page" if name == current else None)
            for name, text, place in links
        ),
        aria_label="Calculators",
    )


def upload_form(upload: Upload, query: str, *, local: bool) -> Markup:
    """Return the form for a file, or how to get it.

    Args:
        upload: The upload.
        query: The state of the page, for inputs that the file lacks.
        local: Whether only this machine can reach the page; otherwise uploads are refused.
    """
    if not local:
        command = element("code", "ferryman cost serve")
        purpose = f"To {upload.label[0].lower()}{upload.label[1:]}, run "
        return element("p", purpose, command, " on your own machine.", class_="hint")
    return element(
        "form",
        element("label", upload.label, for_="file"),
        element("input", type="file", id="file", name="file", required=True),
        element("button", "Read", type="submit"),
        element("p", upload.hint, class_="hint"),
        method="post",
        action=f"{upload.path}?{query}",
        data_path=upload.path,
        enctype="multipart/form-data",
        id="upload",
    )
