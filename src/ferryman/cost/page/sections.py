"""The parts of the page of one application, in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from ferryman.cost.answer_tables import (
    bill_table,
    growth_table,
    money_table,
    platform_table,
    stretch_table,
    workload_table,
)
from ferryman.cost.bill import Bill, Line
from ferryman.cost.number_format import plain, usd
from ferryman.cost.page.bill_chart import bill_chart, crossover_table, narrow_bill_chart
from ferryman.cost.page.drawing import figure
from ferryman.cost.page.growth_chart import growth_charts
from ferryman.cost.page.level_bills import level_bills
from ferryman.cost.page.markup import Markup, element, join, unbroken
from ferryman.cost.page.memory_chart import memory_chart
from ferryman.cost.page.price_table import price_table
from ferryman.cost.page.tables import folded, html_table, scrolling
from ferryman.cost.page.throughput_chart import curve_table, route_table, throughput_chart
from ferryman.cost.page.tiles import tiles
from ferryman.cost.page.tornado_chart import moving, tornado_chart, tornado_table
from ferryman.cost.page.week_chart import week_chart, week_table
from ferryman.cost.sentences import (
    band_sentence,
    duel_sentence,
    growth_sentence,
    headline,
    outlook,
    saving_sentence,
)
from ferryman.cost.study import Study, shown_duels
from ferryman.records.wording import three_digits

if TYPE_CHECKING:
    from ferryman.cost.growth import Forecast
    from ferryman.cost.measured import MeasuredInputs
    from ferryman.cost.prices.book import PriceBook

__all__ = (
    *("answer", "first_sections", "second_sections"),
    *("folded_bill", "prices", "section"),
)


MOST_ROWS = 12
"""A longer table of the cheapest platforms is folded."""


def answer(study: Study) -> Markup:
    """Return the answer in sentences and four figures."""
    lead = element("p", unbroken(f"{outlook(study)}{_availability(study)}"))
    return element("header", element("h1", unbroken(headline(study))), lead, tiles(study))


def _availability(study: Study) -> str:
    """Return a warning if the cheapest platform depends on one zone, with the alternative."""
    own = study.comparison.own
    best = own.cheapest
    if not best.carried or best.highly_available:
        return ""
    available = [bill for bill in own.bills if bill.carried and bill.highly_available]
    text = f" {best.platform} does not survive the loss of a zone"
    if not available:
        return f"{text}, and none of the compared platforms does."
    safe = min(available, key=lambda bill: bill.total)
    return f"{text}; the cheapest that does is {safe.platform}, at {usd(safe.total)} USD."


def first_sections(study: Study) -> Iterator[Markup]:
    """Yield the results that follow each change of an input: curves, growth, bills, the week."""
    yield section("traffic", "The bill by traffic", *_traffic(study))
    if study.growth:
        yield section("growth", "Growing traffic", *_growth(study.growth))
    yield section("bills", "The bills", *_bills(study))
    yield section("week", "The week", *_week(study))


def second_sections(study: Study) -> Iterator[Markup]:
    """Yield the results that take longer: influences and memory; then the inputs and prices."""
    if study.pair and moving(study):
        yield section("influence", "What moves the crossover", *_influence(study))
    if study.advice:
        yield section("memory", "Lambda memory", *_memory(study))
    if study.measured:
        yield section("measured", "The measurement", *_measured(study.measured))
    yield section("sources", "Inputs, assumptions and prices", *_sources(study))


def section(name: str, title: str, *content: Markup) -> Markup:
    """Return a section with its heading."""
    heading = element("h2", title, id=name)
    return element("section", heading, *content, aria_labelledby=name)


def _traffic(study: Study) -> Iterator[Markup]:
    comparison, work = study.comparison, study.comparison.workload
    caption = (
        f"USD a month; both axes are logarithmic. {three_digits(work.wall_ms)} ms a request,"
        f" {three_digits(work.cpu_ms)} ms of it CPU; Lambda with {plain(work.memory_mib)} MiB."
        " Circles are crossovers."
    )
    if study.bands:
        caption += f" Each bar covers nine in ten of {study.draws:,} draws of the uncertain inputs."
    table = scrolling(html_table(crossover_table(study)), "Every crossover")
    charts = join((bill_chart(study), narrow_bill_chart(study)))
    yield figure(charts, caption, "The bill by traffic", folded("As a table", table))
    yield element("ul", *(element("li", unbroken(text)) for text in _sentences(study)))
    cheapest = stretch_table(comparison)
    shown = scrolling(html_table(cheapest), "The cheapest by traffic")
    yield shown if len(cheapest.rows) <= MOST_ROWS else folded(cheapest.title, shown)


def _sentences(study: Study) -> Iterator[str]:
    for duel in shown_duels(study.comparison):
        band = study.band_of(duel.first, duel.second)
        text = duel_sentence(duel, study.comparison.horizon)
        yield f"{text} {band_sentence(study, band)}" if band else text
    for saving in study.savings:
        yield saving_sentence(saving, study.comparison.workload.requests)


def _bills(study: Study) -> Iterator[Markup]:
    if study.money:
        yield html_table(money_table(study.comparison, study.money))
    comparison = study.comparison
    yield scrolling(level_bills(comparison), "The bills side by side")
    for bill in comparison.own.bills:
        yield folded_bill(bill)


def folded_bill(bill: Bill) -> Markup:
    """Return a bill line by line, folded under its total."""
    total = f"{usd(bill.total)} USD" if bill.carried else "cannot serve it"
    summary = join((bill.platform, element("b", total)))
    content = []
    if bill.lines:
        content.append(scrolling(html_table(bill_table(bill)), f"The bill of {bill.platform}"))
    if bill.notes:
        content.append(element("ul", *(element("li", note) for note in bill.notes)))
    return folded(summary, *content)


def _week(study: Study) -> Iterator[Markup]:
    comparison, shape = study.comparison, study.comparison.workload.shape
    table = scrolling(html_table(week_table(comparison)), "The busiest hour")
    if shape is None or not comparison.workload.requests:
        peak = plain(comparison.workload.peak_to_mean)
        yield element(
            "p", f"Only the rate of the busiest hour is known, not the week: {peak} times the mean."
        )
        yield table
        return
    caption = (
        f"Traffic in each hour of a week of the shape “{shape.name}”, and the rate that the"
        " running servers can serve within the latency objective."
    )
    yield figure(week_chart(comparison, shape), caption, "The week", table)


def _influence(study: Study) -> Iterator[Markup]:
    assert study.pair
    first, second = study.pair
    caption = (
        f"Requests a month above which {second} is cheaper than {first}, with one input alone at"
        " the low end (hollow) or the high end (filled) of its range. The dashed line is the"
        " crossover without any change."
    )
    table = scrolling(html_table(tornado_table(study)), "What moves the crossover")
    yield figure(
        tornado_chart(study), caption, "What moves the crossover", folded("As a table", table)
    )


def _growth(growth: Forecast) -> Iterator[Markup]:
    charts, table = growth_charts(growth), growth_table(growth)
    more = folded(table.title, scrolling(html_table(table), table.title))
    yield figure(charts, unbroken(growth_sentence(growth)), "Growing traffic", more)


def _memory(study: Study) -> Iterator[Markup]:
    assert study.advice
    best, now = study.advice.cheapest, study.comparison.workload.memory_mib
    yield element(
        "p",
        f"{best.memory_mib:,} MiB is the cheapest size, at {three_digits(best.wall_ms)} ms"
        f" a request and {usd(best.usd)} USD a month. The bills above are for {plain(now)} MiB."
        " CPU grows with memory: 1,769 MiB bring one vCPU, and one Python thread cannot use more.",
    )
    yield scrolling(memory_chart(study.advice), "Lambda by memory size")


def _measured(measured: MeasuredInputs) -> Iterator[Markup]:
    found = measured.measurement
    machine = f"{found.machine.model}, Python {found.machine.python}"
    day, scenario = found.taken[:10], found.scenario
    yield element("p", f"{found.app}, measured on {day} with {scenario}; {machine}.")
    yield scrolling(html_table(route_table(found)), "What a request costs")
    server = found.targets.get("server")
    if server and server.loads:
        caption = (
            "Requests a second of one server process, by requests in flight. The line is the"
            " universal scalability law; the band is the capacity of one full vCPU, from which the"
            " bills of servers follow."
        )
        table = scrolling(html_table(curve_table(server)), "The throughput of one process")
        chart = throughput_chart(server)
        yield figure(chart, caption, "Throughput", folded("As a table", table))
    if found.doubts:
        yield element("ul", *(element("li", f"Doubtful: {doubt}") for doubt in found.doubts))


def _sources(study: Study) -> Iterator[Markup]:
    comparison = study.comparison
    yield scrolling(html_table(workload_table(comparison, study.origins)), "The workload")
    yield scrolling(html_table(platform_table(comparison)), "The platforms")
    if notes := (*study.notes, *comparison.notes):
        yield element("h3", "Notes")
        yield element("ul", *(element("li", note) for note in notes))
    yield prices(
        (line for level in comparison.levels for bill in level.bills for line in bill.lines),
        comparison.book,
    )


def prices(lines: Iterable[Line], book: PriceBook) -> Markup:
    """Return the table of prices, folded."""
    table = scrolling(price_table(lines, book), "Prices")
    return folded("Prices, each with its source and date", table)
