"""AWS's price lists as rows, from CSV or JSON, on the web or in a folder.

A CSV has five lines about itself, a header and rows. A JSON list has products and terms, which
this module joins to the same rows. It must not know which rows are wanted.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.prices.offers import Row

__all__ = ("PriceList", "csv_list", "json_list", "local_lists")

METADATA_LINES = 5

_COLUMNS = {"preinstalledsw": "preinstalleds/w"}
"""JSON attributes that have another name in a CSV."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """One list.

    Args:
        name: The name of the list, such as ``AWSLambda``.
        version: The version of the list.
        date: The date of publication.
        source: The address or the file.
        rows: Pairs of a row's place, for errors, and the row by its column names in lower case,
            without spaces.
    """

    name: str
    version: str
    date: str
    source: str
    rows: Iterator[tuple[str, Row]]


def csv_list(lines: Iterable[str], source: str) -> PriceList:
    """Return a price list from CSV. Iterating its rows reads them.

    Raises:
        ConfigError: The lines are not a price list. The rows raise it too, if one is truncated.
    """
    rows = csv.reader(iter(lines))
    about = {_key(row[0]): row[1] for row in _take(rows, METADATA_LINES, source)}
    header = [_key(cell) for cell in next(iter(_take(rows, 1, source)))]

    def named() -> Iterator[tuple[str, Row]]:
        for number, row in enumerate(rows, METADATA_LINES + 2):
            if len(row) != len(header):
                raise ConfigError(f"{source} is truncated or damaged in line {number}")
            yield f"{source}, line {number}", dict(zip(header, row, strict=True))

    date = about.get("publicationdate", "")[:10]
    return PriceList(about.get("offercode", ""), about.get("version", ""), date, source, named())


def _take(rows: Iterator[list[str]], count: int, source: str) -> list[list[str]]:
    taken = [row for _, row in zip(range(count), rows, strict=False) if len(row) > 1]
    if len(taken) < count:
        raise ConfigError(f"{source} is not a price list", hint="its first lines are missing")
    return taken


def _key(name: str) -> str:
    """Return the name of a column in lower case, without spaces."""
    return name.replace(" ", "").lower()


def json_list(text: str, source: str) -> PriceList:
    """Return a price list from JSON.

    Raises:
        ConfigError: The text is not a price list.
    """
    try:
        document: Any = json.loads(text)
        name, products = document["offerCode"], document["products"]
        version, date = str(document.get("version", "")), document.get("publicationDate", "")
        terms = document["terms"]
        pairs = list(_plans(products, terms) if "savingsPlan" in terms else _terms(products, terms))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{source} is not a price list", cause=repr(error)) from None
    rows = iter([(f"{source}, rate {row.get('ratecode', '')}", row) for row in pairs])
    return PriceList(str(name), version, str(date)[:10], source, rows)


def _terms(products: Any, terms: Any) -> Iterator[Row]:
    for sku, offers in terms.get("OnDemand", {}).items():
        product = products[sku]
        about = {_column(name): str(value) for name, value in product["attributes"].items()}
        about |= {"sku": sku, "termtype": "OnDemand"}
        about["productfamily"] = product.get("productFamily", "")
        for offer in offers.values():
            for code, price in offer["priceDimensions"].items():
                currency, amount = next(iter(price["pricePerUnit"].items()))
                yield about | {
                    "offertermcode": offer["offerTermCode"],
                    "ratecode": price.get("rateCode", code),
                    "startingrange": price.get("beginRange", "0"),
                    "endingrange": price.get("endRange", "Inf"),
                    "unit": price["unit"],
                    "priceperunit": amount,
                    "currency": currency,
                }


def _plans(products: Any, terms: Any) -> Iterator[Row]:
    families = {product["sku"]: product for product in products}
    for term in terms["savingsPlan"]:
        product = families[term["sku"]]
        about = {_column(name): str(value) for name, value in product["attributes"].items()}
        about |= {"sku": term["sku"], "productfamily": product.get("productFamily", "")}
        about["leasecontractlength"] = str(term["leaseContractLength"]["duration"])
        for rate in term["rates"]:
            price = rate["discountedRate"]
            fields = {_column(name): str(x) for name, x in rate.items() if isinstance(x, str)}
            yield about | fields | {"discountedrate": price["price"], "currency": price["currency"]}


def _column(name: str) -> str:
    key = _key(name)
    return _COLUMNS.get(key, key)


def local_lists(path: Path) -> Iterator[PriceList]:
    """Yield the price list of a file, or of all ``.csv`` and ``.json`` files in a folder.

    Files in a folder that are not price lists are ignored.

    Raises:
        ConfigError: The file is not a price list, or cannot be read.
    """
    if not path.is_dir():
        yield _local(path)
        return
    for file in sorted(path.rglob("*")):
        if file.suffix in (".csv", ".json") and file.name != "region_index.json":
            try:
                price_list = _local(file)
            except ConfigError:
                continue
            yield price_list


def _local(path: Path) -> PriceList:
    source = str(path)
    try:
        if path.suffix == ".json":
            return json_list(path.read_text(encoding="utf-8"), source)
        return csv_list(_lines(path), source)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read", cause=reason_of(error)) from error


def _lines(path: Path) -> Iterator[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        for line in lines:
            yield line.rstrip("\r\n")
