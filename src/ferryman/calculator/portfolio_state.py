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
"""More applications would make the page too slow; `ferryman cost portfolio.toml` accepts more."""


class Column(NamedTuple):
    """An input with a field for each application.

    Attributes:
        field: Its name in the workload; in the address the application's number follows it.
        label: Its label.
    """

    field: str
    label: str


COLUMNS = (
    Column("requests", "Requests a month"),
    Column("cpu_ms", "CPU time, ms"),
    Column("memory_mib", "Lambda memory, MiB"),
    Column("wall_ms", "Duration, ms"),
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
        name: Its name.
        figures: The given fields of its workload.
        doubt: The reason to doubt its figures if they were measured with --force.
    """

    name: str
    figures: tuple[tuple[str, Decimal], ...]
    doubt: str = ""

    @classmethod
    def of(cls, name: str, doubt: str = "", **figures: Decimal | int) -> AppRow:
        """Return an application; columns that are not given have their usual values."""
        values = _USUAL | {field: Decimal(value) for field, value in figures.items()}
        return cls(name[:MOST_LETTERS], tuple(values.items()), doubt[:MOST_LETTERS])


EXAMPLES = (
    AppRow.of("shop", requests=20_000_000, wall_ms=120, cpu_ms=8),
    AppRow.of("search", requests=10_000_000, wall_ms=60, cpu_ms=20),
    AppRow.of("mail", requests=300_000),
)


@dataclass(frozen=True, slots=True)
class PortfolioState:
    """The settings of the page.

    Args:
        apps: The applications.
        region: An AWS region.
        architecture: The architecture of functions and servers.
        free_tier: Whether the applications have the account's free tiers.
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
        """Return the state with an application added.

        It replaces an application of the same name, but keeps that one's requests.
        """
        names = [app.name for app in self.apps]
        if added.name not in names:
            return replace(self, apps=(*self.apps, added))
        place = names.index(added.name)
        kept = dict(self.apps[place].figures)
        figures = dict(added.figures) | {"requests": kept["requests"]}
        renewed = replace(added, figures=tuple(figures.items()))
        return replace(self, apps=(*self.apps[:place], renewed, *self.apps[place + 1 :]))

    def with_new_app(self) -> PortfolioState:
        """Return the state with one more application, with usual values."""
        names = {app.name for app in self.apps}
        number = next(n for n in range(len(names) + 1, 2 * MOST_APPS + 2) if f"app{n}" not in names)
        return self.with_app(AppRow.of(f"app{number}"))

    def without_app(self, number: int) -> PortfolioState:
        """Return the state without an application, by its number from 1; the last one stays."""
        kept = tuple(app for place, app in enumerate(self.apps, 1) if place != number)
        return replace(self, apps=kept or self.apps)


def read_portfolio(query: Mapping[str, Sequence[str]]) -> PortfolioState:
    """Return the state in an address; without applications it has those of an example.

    Args:
        query: All values of each name. Unknown names are ignored.

    Raises:
        ConfigError: A value is not allowed, or two applications have the same name.
    """
    given = {name: values[-1] for name, values in query.items()}
    numbers = sorted(int(found[1]) for x in given if (found := re.fullmatch(r"name(\d{1,4})", x)))
    if len(numbers) > MOST_APPS:
        raise ConfigError(
            f"the page accepts at most {MOST_APPS} applications, not {len(numbers)}",
            hint="`ferryman cost portfolio.toml` accepts more",
        )
    apps = tuple(_app(number, given) for number in numbers)
    names = [app.name for app in apps]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"two applications are called {twice!r}", hint="rename one of them")
    chosen = {name: read_choice(name, given[name]) for name in COMMON if name in given}
    return PortfolioState(apps or EXAMPLES, free_tier="no-free-tier" not in given, **chosen)


def _app(number: int, given: Mapping[str, str]) -> AppRow:
    name = given[f"name{number}"].strip() or f"app{number}"
    return AppRow.of(name, given.get(f"doubt{number}", ""), **dict(_figures(name, number, given)))


def _figures(name: str, number: int, given: Mapping[str, str]) -> Iterator[tuple[str, Decimal]]:
    for field in LIMITS:
        if (text := given.get(f"{field}{number}")) is not None:
            label = f"{name}: {INPUT_LABELS[field].name}"
            yield field, parse_number(text, FIELD_UNITS.get(field, NUMBER), label)
