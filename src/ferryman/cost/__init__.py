"""Computes a workload's cost on each platform, and where the cheapest one changes.

Arithmetic only: it must not import aiohttp, an SDK or a target; of ferryman it imports the errors
and the values of `records`. The standard library suffices, except that bands of crossovers need
numpy.

The names below are what a notebook needs; `docs/reference/cost-api.md` describes them and the
values that they return. Everything else in the room may change.
"""

from __future__ import annotations

from ferryman.cost.compare import compare
from ferryman.cost.growth import forecast
from ferryman.cost.platforms.catalog import Choices, make_platforms, platform_names
from ferryman.cost.platforms.flat import FlatHost
from ferryman.cost.platforms.sizes import bill
from ferryman.cost.prices.book import load_book
from ferryman.cost.study import make_study
from ferryman.cost.traffic.shape import Shape, preset
from ferryman.cost.workload import Workload

__all__ = (
    "Choices",
    "FlatHost",
    "Shape",
    "Workload",
    "bill",
    "compare",
    "forecast",
    "load_book",
    "make_platforms",
    "make_study",
    "platform_names",
    "preset",
)
