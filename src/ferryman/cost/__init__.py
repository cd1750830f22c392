"""The cost room: what a workload costs on each platform, and where the cheapest changes.

Arithmetic only. It imports no aiohttp, no SDK and no target, and of ferryman nothing but
the errors and tables; all of it but the picture needs only the standard library.

The names below are the API: `docs/reference/cost-api.md` describes them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from ferryman.cost.bill import Bill, Line
from ferryman.cost.capacity import Objective, erlang_c, mean_wait, processes_needed
from ferryman.cost.compare import (
    Change,
    Comparison,
    Duel,
    Level,
    Stretch,
    compare,
    usual_platforms,
)
from ferryman.cost.platforms.catalog import Choices, make_platforms, platform_names
from ferryman.cost.platforms.ec2 import Ec2, single_box
from ferryman.cost.platforms.eks import Eks, EksFargate
from ferryman.cost.platforms.fargate import Fargate, task_hours
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.gke import Gke
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.managed_instances import ManagedInstances
from ferryman.cost.platforms.platform import bill
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.platforms.storage import Disk
from ferryman.cost.prices.book import PriceBook, Rate, load_book
from ferryman.cost.traffic.shape import Shape, preset
from ferryman.cost.workload import Workload

if TYPE_CHECKING:
    from ferryman.cost.cold_starts import ColdStarts
    from ferryman.cost.cold_starts import expected as expected_cold_starts
    from ferryman.cost.growth import Forecast, Month, forecast
    from ferryman.cost.memory import Advice, Option, advise
    from ferryman.cost.platforms.flat import FlatHost
    from ferryman.cost.platforms.store import DynamoDB, Node, WithStores, parse_store
    from ferryman.cost.prices.overlay import with_overlay
    from ferryman.cost.ranges import Range, usual_ranges
    from ferryman.cost.uncertainty import Band, Influence, band, tornado

__all__ = (
    "Advice",
    "Band",
    "Bill",
    "Change",
    "Choices",
    "ColdStarts",
    "Comparison",
    "Disk",
    "Duel",
    "DynamoDB",
    "Ec2",
    "Eks",
    "EksFargate",
    "Fargate",
    "FlatHost",
    "Forecast",
    "Gke",
    "Influence",
    "LambdaFunction",
    "Level",
    "Line",
    "LoadBalancer",
    "ManagedInstances",
    "Month",
    "Node",
    "Objective",
    "Option",
    "Pod",
    "PriceBook",
    "Range",
    "Rate",
    "Shape",
    "Sizing",
    "Stretch",
    "WithStores",
    "Workload",
    "advise",
    "band",
    "bill",
    "compare",
    "erlang_c",
    "expected_cold_starts",
    "forecast",
    "load_book",
    "make_platforms",
    "mean_wait",
    "parse_store",
    "platform_names",
    "preset",
    "processes_needed",
    "single_box",
    "task_hours",
    "tornado",
    "usual_platforms",
    "usual_ranges",
    "with_overlay",
)

_HOMES = {
    "Advice": ("memory", "Advice"),
    "Band": ("uncertainty", "Band"),
    "ColdStarts": ("cold_starts", "ColdStarts"),
    "DynamoDB": ("platforms.store", "DynamoDB"),
    "FlatHost": ("platforms.flat", "FlatHost"),
    "Forecast": ("growth", "Forecast"),
    "Influence": ("uncertainty", "Influence"),
    "Month": ("growth", "Month"),
    "Node": ("platforms.store", "Node"),
    "Option": ("memory", "Option"),
    "Range": ("ranges", "Range"),
    "WithStores": ("platforms.store", "WithStores"),
    "advise": ("memory", "advise"),
    "band": ("uncertainty", "band"),
    "expected_cold_starts": ("cold_starts", "expected"),
    "forecast": ("growth", "forecast"),
    "parse_store": ("platforms.store", "parse_store"),
    "tornado": ("uncertainty", "tornado"),
    "usual_ranges": ("ranges", "usual_ranges"),
    "with_overlay": ("prices.overlay", "with_overlay"),
}
"""What few questions need, by module and name; loaded on first use."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    value = getattr(import_module(f"{__name__}.{module}"), attribute)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
