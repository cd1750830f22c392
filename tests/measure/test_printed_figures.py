"""The tables of a measurement, as a reader has them."""

from __future__ import annotations

from dataclasses import replace

from tests.records.test_measurement import measurement

from ferryman.measure.measurement_tables import tables
from ferryman.records.measurement import Estimate, Measurement


def with_cpu_time(found: Measurement, value: float) -> Measurement:
    """Return the measurement with another CPU time of the whole scenario on a server."""
    figures = found.targets["server"]
    total = replace(figures.total, cpu_ms=Estimate(value, value, value), response_bytes=1138.7)
    return replace(found, targets={"server": replace(figures, total=total)})


def test_every_figure_has_three_digits() -> None:
    table = next(tables(with_cpu_time(measurement(), 6.104)))
    row = dict(zip(table.header, table.rows[-1], strict=True))
    assert row["CPU ms"] == "6.1 ±0%"
    assert row["bytes"] == "1,139"
    small = next(tables(with_cpu_time(measurement(), 0.000012345)))
    assert small.rows[-1][2] == "0.0000123 ±0%"  # no exponent
