"""The controls, as a form that works without a script: a button then sends it."""

from __future__ import annotations

from collections.abc import Iterator

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
from ferryman.cost.page.markup import Markup, element, join

__all__ = ("controls", "explain_no_upload", "upload")


def controls(state: State) -> Markup:
    """Return the form, set as the state has it."""
    hidden = {name: typed(value) for name, value in state.more}
    hidden |= {"week": state.week} if state.week else {}
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
    label, values = CHOICES[name]
    options = [_option(value, text, getattr(state, name)) for value, text in values.items()]
    if name == "shape" and state.week:
        options.append(_option("log", "that of your log", state.shape))
    chosen = element("select", *options, id=name, name=name)
    return element("div", element("label", label, for_=name), chosen, class_="control")


def _option(value: str, text: str, chosen: str) -> Markup:
    return element("option", text, value=value, selected=value == chosen)


def _platforms(state: State) -> Markup:
    boxes = (_box(name, text, name in state.against) for name, text in PLATFORMS.items())
    chosen = element("input", type="hidden", name=CHOSEN, value="yes")
    return element("fieldset", element("legend", "Lambda against"), chosen, *boxes)


def _switches(state: State) -> Iterator[Markup]:
    on = {"autoscale": state.autoscale, "no-free-tier": not state.free_tier}
    for name, text in SWITCHES.items():
        yield _box(name, text, on[name])


def _box(name: str, text: str, checked: bool) -> Markup:
    tick = element("input", type="checkbox", name=name, value="on", checked=checked)
    return element("label", tick, text, class_="box")


def upload(state: State) -> Markup:
    """Return the form that reads a log; the state goes along, for what the log does not say."""
    return element(
        "form",
        element("label", "Set it from a log", for_="log"),
        element("input", type="file", id="log", name="log", required=True),
        element("button", "Read", type="submit"),
        element(
            "p", "Access logs, load balancer logs, CSV. It is read on this machine.", class_="hint"
        ),
        method="post",
        action=f"log?{state.query()}",
        enctype="multipart/form-data",
        id="upload",
    )


def explain_no_upload() -> Markup:
    """Return what stands in the place of the upload where the page is not on loopback."""
    command = element("code", "ferryman cost serve")
    words = join(("To set it from a log, run ", command, " on your own machine."))
    return element("p", words, class_="hint")
