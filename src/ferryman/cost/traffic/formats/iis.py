"""Logs of Microsoft's IIS in the W3C extended format: a header names the fields.

`time-taken` is in milliseconds, and times are in UTC. Source: the W3C logging fields of IIS.
"""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.cost.traffic.clocks import iso_clock
from ferryman.cost.traffic.formats.format import ANY, Format, Parse
from ferryman.cost.traffic.formats.w3c import w3c_reader
from ferryman.cost.traffic.record import Record

__all__ = ("IIS",)


def _reader(*_: object) -> Parse:
    clock = iso_clock()

    def record(row: Mapping[str, str]) -> Record:
        return Record(
            clock(f"{row['date']}T{row['time']}Z".encode()),
            float(row["time-taken"]) if "time-taken" in row else None,
            row["sc-status"].startswith("5") if "sc-status" in row else None,
            int(row["sc-bytes"]) if "sc-bytes" in row else None,
            int(row["cs-bytes"]) if "cs-bytes" in row else None,
        )

    return w3c_reader(str.split, record)


def _detect(line: bytes) -> bool:
    return line.startswith(b"#Fields:") and b" cs-method" in line and b" x-edge" not in line


IIS = Format("iis", "IIS log", _detect, _reader, needs=ANY)
