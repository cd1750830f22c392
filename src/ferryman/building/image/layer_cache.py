"""A cache of layers, so that equal input is packed and compressed only once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from ferryman.building.cache import cached
from ferryman.building.image.layer import Entry, Layer, write_layer

__all__ = ("kept_layer",)

_LAYER = "layer.tar.gz"
_RECORD = "record.json"
# Raise it when equal entries give other bytes, so that no older layer is used.
_FORMAT = "layers-3"


def kept_layer(
    name: str, key: str, collect: Callable[[], Mapping[str, Entry]], scratch: Path
) -> Layer:
    """Return a layer from the cache, writing it if it is missing.

    Args:
        name: What it holds, in a few words.
        key: A digest of all its inputs.
        collect: Returns its entries; called only if it has to be written.
        scratch: A directory for layers that cannot be cached.

    Raises:
        OSError: The layer cannot be written.
    """

    def make(directory: Path) -> None:
        layer = write_layer(name, collect(), directory / _LAYER)
        record = {**asdict(layer), "path": ""}
        (directory / _RECORD).write_text(json.dumps(record), encoding="utf-8")

    directory = cached(_FORMAT, key, make, scratch)
    record = json.loads((directory / _RECORD).read_text(encoding="utf-8"))
    return Layer(**{**record, "path": directory / _LAYER})
