"""The options for further questions beside the bills, and for the form of the answer."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import click

from ferryman.cli.cost.options import option, whole
from ferryman.cli.cost.path_values import a_file, a_new_file, a_plot
from ferryman.cli.cost.values import a_budget, a_currency, a_range, a_tax, a_volume, an_input
from ferryman.core.errors import ConfigError
from ferryman.cost.ranges import Range
from ferryman.cost.study import DRAWS

__all__ = ("OutputOptions", "QuestionOptions")


@dataclass(frozen=True, slots=True)
class QuestionOptions:
    """Questions beside the bills."""

    levels: tuple[Decimal, ...] = option(
        "Also price this many requests a month; repeat. By default 1M, 10M and 100M.",
        (),
        a_volume,
        flag="--at",
    )
    horizon: Decimal | None = option(
        "How far to look for crossovers, requests a month. By default 10G, or as far as 10,000"
        " servers reach.",
        None,
        a_volume,
    )
    pairs: bool = option("Find the crossovers of every pair of platforms.", False)
    ranges: tuple[tuple[str, Range], ...] = option(
        "The range of an uncertain input; repeat for several.",
        (),
        a_range,
        metavar="NAME=LOW:LIKELY:HIGH",
        flag="--range",
    )
    draws: int = option(
        "Random workloads to draw for the bands of crossovers; 0 for no bands.",
        str(DRAWS),
        whole,
        type=click.IntRange(0, 1_000_000),
    )
    over: str | None = option(
        "Find crossovers over another input, such as memory or wall-ms.",
        None,
        an_input,
        metavar="INPUT",
    )
    advise_memory: bool = option(
        "Show the duration and the bill for each Lambda memory size.", False
    )
    months: int = option(
        "Months of growth to project.",
        "36",
        whole,
        type=click.IntRange(1, 600),
        needs=("growth", "ranges"),
    )
    current: str | None = option(
        "The platform in use today, for the projection; by default the cheapest.",
        metavar="PLATFORM",
        needs=("growth", "ranges"),
    )
    currency: tuple[str, Decimal] | None = option(
        "Also give the bills in another currency, at this exchange rate for one USD.",
        None,
        a_currency,
        metavar="CODE=RATE",
    )
    tax: Decimal = option("Also give the bills with this tax, such as 19%.", "0", a_tax)
    fail_above: Decimal | None = option(
        "Fail if the cheapest bill at --requests is above this amount, USD.", None, a_budget
    )
    prices: Path | None = option("A price book that `prices update` wrote.", None, a_file)


@dataclass(frozen=True, slots=True)
class OutputOptions:
    """The form of the answer. No project setting can change it."""

    lines: bool = option("Print every line of every bill at --requests.", False, setting=False)
    assumptions: bool = option("Print the assumptions of the answer.", False, setting=False)
    as_json: bool = option("Print the whole answer as JSON.", False, flag="--json", setting=False)
    as_csv: bool = option("Print the bills' lines as CSV.", False, flag="--csv", setting=False)
    base: Path | None = option(
        "Compare with an earlier answer saved from --json.",
        None,
        a_file,
        flag="--compare",
        setting=False,
    )
    reconcile: tuple[str, ...] = option(
        "Compare the prediction for Lambda with these later logs.",
        (),
        metavar="PATH...",
        setting=False,
    )
    plot: Path | None = option(
        "Draw the curves as text, or into an SVG file.",
        None,
        a_plot,
        is_flag=False,
        flag_value="-",
        metavar="[FILE.svg]",
        setting=False,
    )
    html: Path | None = option(
        "Write the answer as one HTML page to this file.", None, a_new_file, setting=False
    )

    def check(self) -> None:
        """Check that at most one form is asked for.

        Raises:
            ConfigError: Two options exclude each other.
        """
        forms = {"--json": self.as_json, "--csv": self.as_csv, "--compare": self.base}
        pages = {"--html": self.html, "--plot": self.plot}
        chosen = [flag for flag, value in forms.items() if value]
        if self.reconcile:
            drawn = [flag for flag, value in pages.items() if value]
            chosen = ["--reconcile", *(flag for flag in (*chosen, *drawn) if flag != "--json")]
        if len(chosen) > 1:
            raise ConfigError(
                f"{' and '.join(chosen[:2])} exclude each other", hint="ask for them one by one"
            )
