"""What the report holds, read as a parser reads it."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from itertools import pairwise

import pytest

from ferryman.cost import Workload, compare
from ferryman.cost.compare import Comparison
from ferryman.cost.number_format import usd, volume
from ferryman.cost.page.document import digest, document
from ferryman.cost.platforms.catalog import ALL, make_platforms
from ferryman.cost.study import Study, make_study, shown_duels, with_memory_advice
from ferryman.cost.traffic.shape import preset

ADDRESSES = ("src", "srcset", "action", "formaction", "poster", "data", "xlink:href", "style")


class Reader(HTMLParser):
    """Collects elements in order, and what the text is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "link", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(self.words).replace("\u00a0", " ")


@pytest.fixture(scope="module")
def study() -> Study:
    workload = Workload.of(preset("consumer"), requests=40_000_000, wall_ms=80, cpu_ms=8)
    return with_memory_advice(
        make_study(compare(workload), draws=500, origins={"wall_ms": "measured"})
    )


@pytest.fixture(scope="module")
def page(study: Study) -> Reader:
    return Reader(document(study))


def test_every_element_is_closed(page: Reader) -> None:
    assert page.open == []


def test_the_answer_comes_first(page: Reader, study: Study) -> None:
    best = study.comparison.own.cheapest
    assert next(tag for tag, _ in page.elements if tag in ("h1", "svg", "table")) == "h1"
    heading = page.text.split("The bill by traffic")[0]
    assert f"{best.platform}: {usd(best.total)} USD a month at 40 M requests" in heading
    assert f"{usd(best.total)} USD" in heading


def test_a_cheapest_platform_that_fails_with_its_zone_is_told_with_the_next() -> None:
    workload = Workload.of(requests=40_000_000, wall_ms=80, cpu_ms=8)
    platforms = make_platforms(["lambda-url", "fargate", "ec2", "box"])
    page = Reader(document(make_study(compare(workload, platforms), draws=0)))
    assert (
        "One t4g.small does not survive the loss of a zone; the cheapest that does is"
        " Lambda arm64, Function URL, at"
    ) in page.text
    alone = Reader(document(make_study(compare(workload, platforms[3:]), draws=0)))
    assert "and none of the compared platforms does." in alone.text


def test_the_same_study_gives_the_same_page(study: Study) -> None:
    again = with_memory_advice(make_study(study.comparison, draws=500, origins=study.origins))
    assert document(again) == document(study)


def test_nothing_is_fetched(page: Reader) -> None:
    tags = Counter(tag for tag, _ in page.elements)
    assert not tags.keys() & {"img", "link", "iframe", "object", "embed", "image", "use"}
    named = [name for _, attributes in page.elements for name in attributes]
    assert not set(named) & set(ADDRESSES)
    assert "url(" not in "".join(re.findall(r"<style>(.*?)</style>", "", re.DOTALL))


def test_nothing_runs_but_what_the_policy_names(study: Study) -> None:
    text = document(study)
    policy = next(
        attributes["content"] or ""
        for tag, attributes in Reader(text).elements
        if attributes.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (inline,) = re.findall(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.DOTALL)
        assert f"{tag}-src {digest(inline)}" in policy
    assert not re.search(r"\son\w+=", text)


def test_every_chart_has_a_name_a_caption_and_a_table(study: Study) -> None:
    figures = re.findall(r"<figure>(.*?)</figure>", document(study), re.DOTALL)
    assert len(figures) == 3
    for figure in figures:
        assert re.search(r'<svg[^>]* role="img" aria-label="\w+ chart: ', figure)
        assert "<figcaption>" in figure
        assert "<table>" in figure


def test_headings_leave_no_level_out(page: Reader) -> None:
    levels = [int(tag[1]) for tag, _ in page.elements if re.fullmatch(r"h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_every_crossover_is_marked_and_told(page: Reader, study: Study) -> None:
    changes = [change for duel in shown_duels(study.comparison) for change in duel.changes]
    marks = [a for tag, a in page.elements if tag == "circle" and a.get("class") == "cross"]
    assert len(marks) == 3 * len(changes)  # on the wide chart and below it, and on the narrow one
    for change in changes:
        assert volume(change.requests) in page.text


def test_every_band_is_drawn(page: Reader, study: Study) -> None:
    bars = [a for tag, a in page.elements if tag == "rect" and a.get("class") == "band"]
    assert len(bars) == len(study.bands) == 4


def test_every_line_of_the_bills_is_there(page: Reader, study: Study) -> None:
    for bill in study.comparison.own.bills:
        for line in bill.lines:
            assert line.item in page.text
            assert line.rate.id in page.text
            assert line.rate.seen in page.text


def test_what_is_measured_is_not_called_assumed(study: Study) -> None:
    rows = re.findall(r"<tr><th[^>]*>(wall time|CPU time)</th><td>(\w+)<", document(study))
    assert ("wall time", "measured") in rows
    assert ("CPU time", "assumed") in rows


def test_without_a_week_it_says_so() -> None:
    plain = make_study(compare(Workload.of(requests=10**7, wall_ms=80, cpu_ms=8)), draws=0)
    text = Reader(document(plain)).text
    assert "Only the rate of the busiest hour is known" in text
    assert "Area chart" not in document(plain)


@pytest.mark.parametrize(
    "workload",
    [
        {"requests": 0, "wall_ms": 100, "cpu_ms": 10},
        {"requests": 1, "wall_ms": 1, "cpu_ms": 0},
        {"requests": 10**6, "wall_ms": 900_000, "cpu_ms": 1},
        {"requests": 10**7, "wall_ms": 100, "cpu_ms": 10, "resident_mib": 500},
    ],
    ids=["no traffic", "one request", "fifteen minutes", "large processes"],
)
def test_an_odd_workload_has_a_page_too(workload: dict[str, int]) -> None:
    shaped = Workload.of(preset("office"), **workload)
    chosen = make_platforms(("lambda-url", "fargate", "box"))
    found = compare(shaped, chosen, levels=(), horizon=Decimal(10**8))
    page = Reader(document(with_memory_advice(make_study(found, draws=100))))
    assert page.open == []
    assert not re.search(r"\b(nan|inf|Infinity|None)\b", page.text)


def test_all_platforms_fit_on_a_page() -> None:
    found = compare(Workload.of(requests=10**7, wall_ms=80, cpu_ms=8), make_platforms(ALL))
    text = document(with_memory_advice(make_study(found, draws=100)))
    assert len(text) < 300_000
    for platform in found.platforms:
        assert f">{platform.name}<" in text


def test_names_are_escaped(study: Study) -> None:
    hostile = replace(study.comparison, pairs=())
    name = "<script>alert(1)</script>"
    bills = tuple(replace(bill, platform=name) for bill in hostile.own.bills)
    levels = (replace(hostile.own, bills=bills),)
    text = document(Study(comparison=replace(hostile, levels=levels)))
    assert name not in text
    assert "&lt;script&gt;alert(1)" in text


def test_the_name_of_a_project_is_escaped(study: Study) -> None:
    page = document(study, "<script>alert(1)</script>")
    assert "<script>alert" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2


def test_each_tier_of_a_price_is_shown(study: Study) -> None:
    text = Reader(document(study)).text
    assert re.search(r"egress us-east-1 0\.09 0\.085 above 10,240 ", text), text[-4000:]


def test_a_study_without_bands_needs_no_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def without(name: str, *rest: object) -> object:
        if name.partition(".")[0] == "numpy":
            raise ImportError("No module named 'numpy'")
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", without)
    found: Comparison = compare(Workload.of(requests=10**7, wall_ms=80, cpu_ms=8))
    study = with_memory_advice(make_study(found))
    assert study.bands == ()
    assert study.influences == ()
