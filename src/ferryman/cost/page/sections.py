"""The parts of the page, in the order in which a reader needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ferryman.cost.bill import Bill
from ferryman.cost.figures import plain, usd, volume
from ferryman.cost.findings import band_text, told
from ferryman.cost.measured import MeasuredInputs
from ferryman.cost.page.bill_chart import bill_chart, crossover_table
from ferryman.cost.page.drawing import figure
from ferryman.cost.page.level_bills import level_bills
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.memory_chart import memory_chart
from ferryman.cost.page.sources import platform_table, price_table, workload_table
from ferryman.cost.page.study import Study
from ferryman.cost.page.tables import folded, html_table, scrolling
from ferryman.cost.page.throughput_chart import curve_table, route_table, throughput_chart
from ferryman.cost.page.tornado_chart import tornado_chart, tornado_table
from ferryman.cost.page.week_chart import week_chart, week_table
from ferryman.cost.report import bill_table, sentence, stretch_table

__all__ = ("answer", "first_sections", "further_sections", "headline", "sections")


MOST_ROWS = 12
"""A longer table of the cheapest platforms is folded away."""


def answer(study: Study) -> Markup:
    """Return the answer in sentences: the cheapest platform, up to where, and what comes then."""
    lead = element("p", _unbroken(f"{outlook(study)}{_availability(study)}"))
    return element("header", element("h1", _unbroken(headline(study))), lead)


def headline(study: Study) -> str:
    """Return which platform is the cheapest at the workload's own volume, and its bill."""
    level = study.comparison.own
    best, where = level.cheapest, f"{volume(level.requests)} requests a month"
    if not best.carried:
        return f"No platform that is compared carries {where}"
    return f"{best.platform} is the cheapest at {where}: {usd(best.total)} USD"


def outlook(study: Study) -> str:
    """Return how far the cheapest platform stays so, and which one is the last, from where on."""
    comparison = study.comparison
    own, stretches = comparison.workload.requests, comparison.stretches
    here = next((x for x in stretches if x.start <= own <= x.end), None)
    if here is None or here is stretches[-1]:
        return f"It stays so up to {volume(comparison.horizon)}, as far as was looked."
    then = stretches[stretches.index(here) + 1]
    last = stretches[-1]
    text = f"Above {volume(here.end)} requests a month it is {then.platform}"
    if last is not then:
        seen = volume(comparison.horizon)
        text += f", and above {volume(last.start)} it is {last.platform}, as far as {seen}"
    return f"{text}."


def _availability(study: Study) -> str:
    """Return that the cheapest platform fails with its zone, and what another would cost."""
    own = study.comparison.own
    best = own.cheapest
    if not best.carried or best.highly_available:
        return ""
    lasting = [made for made in own.bills if made.carried and made.highly_available]
    text = f" {best.platform} does not outlive the loss of a zone"
    if not lasting:
        return f"{text}, and none that is compared does."
    safe = min(lasting, key=lambda made: made.total)
    return f"{text}; the cheapest that does is {safe.platform}, at {usd(safe.total)} USD."


def _unbroken(text: str) -> str:
    """Keep a number and its unit on one line."""
    return re.sub(r"(\d) (M|k|USD)\b", "\\1\u00a0\\2", text)


def sections(study: Study) -> Iterator[Markup]:
    """Yield everything below the answer."""
    yield from first_sections(study)
    yield from further_sections(study)


def first_sections(study: Study) -> Iterator[Markup]:
    """Yield what the answer is made of: curves, bills, the week."""
    yield _section("traffic", "The bill against traffic", *_traffic(study))
    yield _section("bills", "The bills", *_bills(study))
    yield _section("week", "The week", *_week(study))


def further_sections(study: Study) -> Iterator[Markup]:
    """Yield what would change the answer, and what it rests on; the study is thorough."""
    if study.influences and study.pair:
        yield _section("influence", "What would move the crossover", *_influence(study))
    if study.advice:
        yield _section("memory", "How much memory", *_memory(study))
    if study.measured:
        yield _section("measured", "What was measured", *_measured(study.measured))
    yield _section("sources", "What this rests on", *_sources(study))


def _section(name: str, title: str, *content: Markup) -> Markup:
    heading = element("h2", title, id=name)
    return element("section", heading, *content, aria_labelledby=name)


def _traffic(study: Study) -> Iterator[Markup]:
    comparison, work = study.comparison, study.comparison.workload
    caption = (
        f"USD a month; both axes are logarithmic. {plain(work.wall_ms, 1)} ms a request,"
        f" {plain(work.cpu_ms)} ms of it CPU; Lambda with {plain(work.memory_mib)} MiB."
        " Circles are crossovers."
    )
    if study.bands:
        caption += (
            f" Bars hold nine in ten of {study.draws:,} draws of the inputs that are not certain."
        )
    table = scrolling(html_table(crossover_table(study)), "Every crossover")
    yield figure(
        bill_chart(study), caption, "The bill against traffic", folded("As a table", table)
    )
    yield element("ul", *(element("li", _unbroken(text)) for text in _sentences(study)))
    cheapest = stretch_table(comparison)
    shown = scrolling(html_table(cheapest), "The cheapest by traffic")
    yield shown if len(cheapest.rows) <= MOST_ROWS else folded(cheapest.title, shown)


def _sentences(study: Study) -> Iterator[str]:
    for duel in told(study.comparison):
        found = study.band_of(duel.first, duel.second)
        yield sentence(duel, study.comparison.horizon) + (band_text(found) if found else "")


def _bills(study: Study) -> Iterator[Markup]:
    comparison = study.comparison
    yield scrolling(level_bills(comparison), "The bills side by side")
    for bill in comparison.own.bills:
        yield _bill(bill)


def _bill(bill: Bill) -> Markup:
    total = f"{usd(bill.total)} USD" if bill.carried else "cannot carry it"
    summary = join((bill.platform, element("b", total)))
    notes = element("ul", *(element("li", note) for note in bill.notes)) if bill.notes else Markup()
    if not bill.lines:
        return folded(summary, notes)
    return folded(
        summary, scrolling(html_table(bill_table(bill)), f"The bill of {bill.platform}"), notes
    )


def _week(study: Study) -> Iterator[Markup]:
    comparison, shape = study.comparison, study.comparison.workload.shape
    table = scrolling(html_table(week_table(comparison)), "The busiest hour")
    if shape is None or not comparison.workload.requests:
        told_ = (
            "Only the busy hour is known, not the week:"
            f" {plain(comparison.workload.peak_to_mean)} times the mean rate."
        )
        yield element("p", told_)
        yield table
        return
    caption = (
        f"The traffic of a week of the shape “{shape.name}”, hour by hour, and what the"
        " servers that are kept can carry within their objective."
    )
    yield figure(week_chart(comparison, shape), caption, "The week", table)


def _influence(study: Study) -> Iterator[Markup]:
    assert study.pair
    first, second = study.pair
    caption = (
        f"Where {second} becomes cheaper than {first}, requests a month, when one input alone"
        " goes to the low end of its range (hollow) or the high end (full). The dashed line is"
        " the crossover as it stands."
    )
    table = scrolling(html_table(tornado_table(study)), "What moves the crossover")
    yield figure(
        tornado_chart(study), caption, "What would move the crossover", folded("As a table", table)
    )


def _memory(study: Study) -> Iterator[Markup]:
    assert study.advice
    best, now = study.advice.cheapest, study.comparison.workload.memory_mib
    yield element(
        "p",
        f"{best.memory_mib:,} MiB is the cheapest size, at {plain(best.wall_ms, 1)} ms a request"
        f" and {usd(best.usd)} USD a month. The bills above are for {plain(now)} MiB."
        " Memory brings CPU: 1,769 MiB are one vCPU, and one Python thread has no use for more.",
    )
    yield scrolling(memory_chart(study.advice), "Lambda by memory size")


def _measured(measured: MeasuredInputs) -> Iterator[Markup]:
    found = measured.measurement
    machine = f"{found.machine.model}, Python {found.machine.python}"
    yield element("p", f"{found.app}, on {found.taken[:10]}, sent {found.scenario}; {machine}.")
    yield scrolling(html_table(route_table(found)), "What a request costs")
    server = found.targets.get("server")
    if server and server.loads:
        caption = (
            "Requests a second of one process on a server, as more are under way at once. The"
            " line is the universal scalability law; the band is the capacity of one vCPU that"
            " the process has for itself, which the bills of servers rest on."
        )
        table = scrolling(html_table(curve_table(server)), "The throughput of one process")
        chart = throughput_chart(server)
        yield figure(chart, caption, "Throughput", folded("As a table", table))
    if found.doubts:
        yield element("ul", *(element("li", f"Doubtful: {doubt}") for doubt in found.doubts))


def _sources(study: Study) -> Iterator[Markup]:
    yield scrolling(html_table(workload_table(study)), "The workload")
    yield scrolling(html_table(platform_table(study)), "The platforms")
    if notes := study.comparison.notes:
        yield element("h3", "Notes")
        yield element("ul", *(element("li", note) for note in notes))
    yield folded("Prices, each with its source and date", scrolling(price_table(study), "Prices"))
