"""Finds AWS's public price lists and streams their lines. It needs no credentials."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.cost.prices.offers import CLOUDFRONT, SAVINGS

__all__ = ("lines_of", "path_of")

TIMEOUT = 60.0

OFFERS_ROOT = "/offers/v1.0/aws"
SAVINGS_ROOT = "/savingsPlan/v1.0/aws"


def path_of(base: str, name: str, version: str, region: str) -> str:
    """Return the path of a list as CSV: from the list's index, or of a pinned version.

    Args:
        base: The address before the path.
        name: The list.
        version: Its version; empty for the current one.
        region: An AWS region.

    Raises:
        ConfigError: The index cannot be read, or does not have the region.
    """
    root = f"{SAVINGS_ROOT if name == SAVINGS else OFFERS_ROOT}/{name}"
    if name == CLOUDFRONT:
        return f"{root}/{version or 'current'}/index.csv"
    if version:
        return f"{root}/{version}/{region}/index.csv"
    address = f"{base}{root}/current/region_index.json"
    regions = _regions(address)
    if region not in regions:
        raise ConfigError(
            f"{name} has no prices for {region!r}", hint=f"it has {', '.join(sorted(regions))}"
        )
    path = regions[region]
    if not path.startswith("/") or not path.endswith(".json"):
        raise ConfigError(f"{address} has no address for {region}")
    return f"{path.removesuffix('.json')}.csv"


def _regions(address: str) -> Mapping[str, str]:
    """Return the path of each region's list."""
    try:
        index: Any = json.loads("\n".join(lines_of(address)))
        return dict(_entries(index["regions"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{address} is not an index of regions", cause=str(error)) from error


def _entries(regions: Any) -> Iterator[tuple[str, str]]:
    """Yield regions and paths. An index of offers has a mapping, one of savings plans a list."""
    if isinstance(regions, list):
        yield from ((entry["regionCode"], entry["versionUrl"]) for entry in regions)
    else:
        yield from ((name, entry["currentVersionUrl"]) for name, entry in regions.items())


def lines_of(address: str) -> Generator[str, None, None]:
    """Yield the lines of a page as they arrive.

    Raises:
        ConfigError: The page cannot be read, or is truncated.
    """
    if not address.startswith(("http://", "https://")):
        raise ConfigError(f"{address} is not a web address")
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as page:  # noqa: S310
            announced, read = page.headers.get("Content-Length"), 0
            for line in page:
                read += len(line)
                yield line.decode("utf-8").rstrip("\r\n")
            if announced and read != int(announced):
                raise ConfigError(
                    f"{address} ends early", cause=f"{read:,} of {int(announced):,} bytes arrived"
                )
    except urllib.error.HTTPError as error:
        error.close()
        raise ConfigError(f"{address} cannot be read", cause=str(error)) from None
    except (urllib.error.URLError, http.client.HTTPException, OSError, ValueError) as error:
        raise ConfigError(f"{address} cannot be read", cause=str(error)) from error
