"""What was measured, as the page shows it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.cost.page.test_document import Reader
from tests.records.test_measurement import figures, measurement

from ferryman.cost import Workload, compare
from ferryman.cost.measured import measured_inputs
from ferryman.cost.page.document import document
from ferryman.cost.study import make_study, with_memory_advice
from ferryman.records.measurement import Estimate, Measurement, Scaling

LAW = Scaling(
    *(Estimate(6.0, 5.0, 7.0), 40.0),
    *(Estimate(25.0, 24.0, 26.0), Estimate(0.2, 0.1, 0.3), Estimate(0.001, 0.0, 0.002)),
    2.0,
)


def page(found: Measurement) -> Reader:
    measured = measured_inputs(found, Decimal(512))
    workload = Workload.of(requests=10**7, **measured.values)
    study = make_study(compare(workload), draws=100, measured=measured)
    return Reader(document(with_memory_advice(study)))


@pytest.fixture(scope="module")
def whole() -> Reader:
    return page(measurement(server=replace(figures(), scaling=LAW), **{"lambda": figures()}))


def test_each_request_has_its_cost_on_each_target(whole: Reader) -> None:
    told = "shop:app, measured on 2026-01-05 with traffic.toml; a processor, Python 3.13.0."
    assert told in whole.text
    assert whole.text.count("10 (9.5 to 10.5)") == 2
    assert whole.text.count("40 (39 to 41)") == 2


def test_the_curve_has_its_points_its_law_and_its_table(whole: Reader) -> None:
    chart = next(
        attributes
        for tag, attributes in whole.elements
        if tag == "svg" and "requests in flight" in str(attributes.get("aria-label"))
    )
    assert chart["role"] == "img"
    points = [a for tag, a in whole.elements if tag == "circle" and a.get("class") == "end-high"]
    assert len([a for a in points if a["r"] == "4.5"]) == 2
    assert "scalability law" in whole.text
    law = LAW.throughput(16)
    assert f"{law:,.0f}" in whole.text


def test_without_a_law_or_a_curve_the_costs_stand_alone() -> None:
    bare = page(measurement(server=replace(figures(), loads=(), capacity=None)))
    assert "What a request costs" in bare.text
    assert "scalability law" not in bare.text


def test_doubts_are_on_the_page_and_the_first_is_at_its_top() -> None:
    text = page(replace(measurement(), doubts=("busy",))).text
    assert text.count("Doubtful: busy") == 2
    assert text.index("Doubtful: busy") < text.index("The bill by traffic")


def test_a_page_without_a_measurement_does_not_speak_of_one() -> None:
    workload = Workload.of(requests=10**7, wall_ms=80, cpu_ms=8)
    assert "The measurement" not in Reader(document(make_study(compare(workload), draws=0))).text
