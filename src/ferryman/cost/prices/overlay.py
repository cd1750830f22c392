"""A price book on top of the one that ships: rates read from AWS later, or set by hand.

It is a JSON file with a digest of its rates. ferryman refuses a file that was truncated or
changed by hand.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.prices.book import CONFIDENCE, InstanceType, PriceBook, Rate, Tier
from ferryman.records.atomic_file import write_whole

__all__ = ("Overlay", "read_overlay", "with_overlay", "write_overlay")

SCHEMA = 1


def with_overlay(book: PriceBook, path: Path) -> PriceBook:
    """Return the book with the rates of a file instead of its own.

    Raises:
        ConfigError: As `read_overlay` does.
    """
    read = read_overlay(path)
    fresh = {(rate.id, rate.region): rate for rate in read.rates}
    learned = {shape.name: shape for shape in read.instances}
    return PriceBook({**book.rates, **fresh}, {**learned, **book.instances})


@dataclass(frozen=True, slots=True)
class Overlay:
    """The contents of a file.

    Args:
        rates: Rates that replace the book's.
        instances: Instance types that the book does not have.
    """

    rates: tuple[Rate, ...] = ()
    instances: tuple[InstanceType, ...] = ()


def read_overlay(path: Path) -> Overlay:
    """Return the contents of a file that `write_overlay` wrote.

    Raises:
        ConfigError: The file cannot be read, was changed, or is of another version.
    """
    try:
        data: Any = json.loads(path.read_text(encoding="utf-8"))
        schema, digest, rows = data["schema"], data["digest"], data["rates"]
        shapes = data.get("instances", [])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"{path} cannot be read as a price book", cause=reason_of(error)
        ) from error
    if schema != SCHEMA:
        raise ConfigError(f"{path} has schema {schema}, not {SCHEMA}")
    if digest != _digest(rows, shapes):
        raise ConfigError(
            f"{path} was changed after ferryman wrote it",
            cause="the digest of its rates does not match",
            hint="write it again with `ferryman cost prices update`",
        )
    try:
        return Overlay(tuple(map(_rate, rows)), tuple(InstanceType(**x) for x in shapes))
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise ConfigError(f"{path} has a rate that cannot be read", cause=repr(error)) from error


def write_overlay(
    path: Path, rates: Iterable[Rate], instances: Iterable[InstanceType] = ()
) -> None:
    """Write rates and instance types, and keep those in the file that they do not replace.

    The file is written completely or not at all.

    Raises:
        ConfigError: The existing file is not a price book, or the file cannot be written.
    """
    old = read_overlay(path) if path.exists() else Overlay()
    merged = {(rate.id, rate.region): rate for rate in (*old.rates, *rates)}
    rows = [_row(merged[key]) for key in sorted(merged)]
    types = {shape.name: shape for shape in (*old.instances, *instances)}
    shapes = [_shape(types[name]) for name in sorted(types)]
    data = {"schema": SCHEMA, "digest": _digest(rows, shapes), "rates": rows, "instances": shapes}
    text = json.dumps(data, indent=1)
    try:
        write_whole(path, f"{text}\n")
    except OSError as error:
        cause = error.strerror or str(error)
        raise ConfigError(f"{path} cannot be written", cause=cause) from error


def _row(rate: Rate) -> dict[str, Any]:
    return {
        "id": rate.id,
        "region": rate.region,
        "unit": rate.unit,
        "tiers": [[str(tier.start), str(tier.price)] for tier in rate.tiers],
        "source": rate.source,
        "seen": rate.seen,
        "confidence": rate.confidence,
        "code": rate.code,
        "note": rate.note,
    }


def _rate(row: dict[str, Any]) -> Rate:
    tiers = tuple(Tier(Decimal(start), Decimal(price)) for start, price in row["tiers"])
    if not tiers or row["confidence"] not in CONFIDENCE:
        raise ValueError(f"{row['id']} has no tiers or an unknown confidence")
    return Rate(**{**row, "tiers": tiers})


def _shape(shape: InstanceType) -> dict[str, Any]:
    return {
        "name": shape.name,
        "vcpu": shape.vcpu,
        "memory_mib": shape.memory_mib,
        "architecture": shape.architecture,
    }


def _digest(rows: Any, shapes: Any) -> str:
    # A file without instance types has the digest that it had before there were any.
    contents = [rows, shapes] if shapes else rows
    text = json.dumps(contents, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
