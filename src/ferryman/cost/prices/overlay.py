"""A price book beside the one that ships: rates that were read from AWS later.

A file of JSON with the digest of its own rates, so that a file that was cut short or changed
by hand is refused and never half believed.
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
    """Return the book with the rates of a file in place of its own.

    Raises:
        ConfigError: As `read_overlay` does.
    """
    read = read_overlay(path)
    fresh = {(rate.id, rate.region): rate for rate in read.rates}
    learned = {shape.name: shape for shape in read.instances}
    return PriceBook({**book.rates, **fresh}, {**learned, **book.instances})


@dataclass(frozen=True, slots=True)
class Overlay:
    """What a file holds.

    Args:
        rates: Rates in place of the book's.
        instances: Instance types that the book does not have.
    """

    rates: tuple[Rate, ...] = ()
    instances: tuple[InstanceType, ...] = ()


def read_overlay(path: Path) -> Overlay:
    """Return what a file holds that `write_overlay` wrote.

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
            f"{path} is not as it was written",
            cause="the digest of its rates is another one",
            hint="write it again with `ferryman cost prices update`",
        )
    try:
        return Overlay(tuple(map(_rate, rows)), tuple(InstanceType(**x) for x in shapes))
    except (KeyError, TypeError, ValueError, InvalidOperation) as error:
        raise ConfigError(f"{path} has a rate that cannot be read", cause=repr(error)) from error


def write_overlay(
    path: Path, rates: Iterable[Rate], instances: Iterable[InstanceType] = ()
) -> None:
    """Write rates and instance types, with those of the same file that they do not replace.

    The file is written completely or not at all.

    Raises:
        ConfigError: The file is there and is not a price book, or cannot be written.
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
    told = [rows, shapes] if shapes else rows
    text = json.dumps(told, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
