"""The settings of the page of several applications, as the query of its address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode

from ferryman.calculator.state import MOST_LETTERS, read_choice, typed
from ferryman.core.errors import ConfigError
from ferryman.cost.input_labels import INPUT_LABELS
from ferryman.cost.units import FIELD_UNITS, NUMBER, parse_number
from ferryman.cost.workload import LIMITS

__all__ = ("COLUMNS", "COMMON", "MOST_APPS", "AppRow", "Column", "PortfolioState", "read_portfolio")

COMMON = ("region", "architecture")
"""The choices that all applications have in common, by their names in `CHOICES`."""

MOST_APPS = 30
"""The page answers while it is typed into; a file takes more."""


class Column(NamedTuple):
    """A figure that each application has a field for.

    Attributes:
        field: Its name in the workload, and in the address before the number of the application.
        label: What the page calls it.
    """

    field: str
    label: str


COLUMNS = (
    Column("requests", "Requests a month"),
    Column("cpu_ms", "CPU time, ms"),
    Column("memory_mib", "Lambda, MiB"),
    Column("wall_ms", "Duration with it, ms"),
    Column("response_bytes", "Response, bytes"),
)

_USUAL = {
    "requests": Decimal(1_000_000),
    "wall_ms": Decimal(100),
    "cpu_ms": Decimal(10),
    "memory_mib": Decimal(512),
    "response_bytes": Decimal(4096),
}


@dataclass(frozen=True, slots=True)
class AppRow:
    """One application.

    Args:
        name: What it is called.
        figures: The fields of its workload that are given.
        doubt: Why its figures may not be trusted, where they were measured with --force.
    """

    name: str
    figures: tuple[tuple[str, Decimal], ...]
    doubt: str = ""

    @classmethod
    def of(cls, name: str, doubt: str = "", **figures: Decimal | int) -> AppRow:
        """Return an application; a figure of a column that is not given is a usual one."""
        told = _USUAL | {field: Decimal(value) for field, value in figures.items()}
        return cls(name[:MOST_LETTERS], tuple(told.items()), doubt[:MOST_LETTERS])


EXAMPLES = (
    AppRow.of("shop", requests=20_000_000, wall_ms=120, cpu_ms=8),
    AppRow.of("search", requests=10_000_000, wall_ms=60, cpu_ms=20),
    AppRow.of("mail", requests=300_000),
)


@dataclass(frozen=True, slots=True)
class PortfolioState:
    """What the page is set to.

    Args:
        apps: The applications.
        region: An AWS region.
        architecture: Of functions and servers.
        free_tier: Whether the account's free tiers are left.
    """

    apps: tuple[AppRow, ...] = EXAMPLES
    region: str = "us-east-1"
    architecture: str = "arm64"
    free_tier: bool = True

    def query(self) -> str:
        """Return the state as the query of an address."""
        pairs: list[tuple[str, str]] = []
        for number, app in enumerate(self.apps, 1):
            pairs.append((f"name{number}", app.name))
            pairs += [(f"{field}{number}", typed(value)) for field, value in app.figures]
            pairs += [(f"doubt{number}", app.doubt)] if app.doubt else []
        pairs += [(name, getattr(self, name)) for name in COMMON]
        pairs += [] if self.free_tier else [("no-free-tier", "on")]
        return urlencode(pairs)

    def with_app(self, added: AppRow) -> PortfolioState:
        """Return the state with one application more, or another in place of its namesake."""
        names = [app.name for app in self.apps]
        if added.name not in names:
            return replace(self, apps=(*self.apps, added))
        place = names.index(added.name)
        kept = dict(self.apps[place].figures)
        told = dict(added.figures) | {"requests": kept["requests"]}
        renewed = replace(added, figures=tuple(told.items()))
        return replace(self, apps=(*self.apps[:place], renewed, *self.apps[place + 1 :]))

    def with_new_app(self) -> PortfolioState:
        """Return the state with one application more, of usual figures."""
        names = {app.name for app in self.apps}
        number = next(n for n in range(len(names) + 1, 2 * MOST_APPS + 2) if f"app{n}" not in names)
        return self.with_app(AppRow.of(f"app{number}"))

    def without_app(self, number: int) -> PortfolioState:
        """Return the state without an application, by its place from 1; the last one stays."""
        kept = tuple(app for place, app in enumerate(self.apps, 1) if place != number)
        return replace(self, apps=kept or self.apps)


def read_portfolio(query: Mapping[str, Sequence[str]]) -> PortfolioState:
    """Return the state that an address asks for; without applications those of an example.

    Args:
        query: Every value of each name. Names that are unknown are left alone.

    Raises:
        ConfigError: A value is not one of those that its name allows, or two applications have
            one name.
    """
    told = {name: values[-1] for name, values in query.items()}
    numbers = sorted(int(found[1]) for x in told if (found := re.fullmatch(r"name(\d{1,4})", x)))
    if len(numbers) > MOST_APPS:
        raise ConfigError(
            f"the page takes at most {MOST_APPS} applications, not {len(numbers)}",
            hint="`ferryman cost portfolio.toml` takes more",
        )
    apps = tuple(_app(number, told) for number in numbers)
    names = [app.name for app in apps]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"two applications are called {twice!r}", hint="rename one of them")
    chosen = {name: read_choice(name, told[name]) for name in COMMON if name in told}
    return PortfolioState(apps or EXAMPLES, free_tier="no-free-tier" not in told, **chosen)


def _app(number: int, told: Mapping[str, str]) -> AppRow:
    name = told[f"name{number}"].strip() or f"app{number}"
    return AppRow.of(name, told.get(f"doubt{number}", ""), **dict(_figures(name, number, told)))


def _figures(name: str, number: int, told: Mapping[str, str]) -> Iterator[tuple[str, Decimal]]:
    for field in LIMITS:
        if (text := told.get(f"{field}{number}")) is not None:
            label = f"{name}: {INPUT_LABELS[field].name}"
            yield field, parse_number(text, FIELD_UNITS.get(field, NUMBER), label)
