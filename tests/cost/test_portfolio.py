"""Several applications of one account: what they share, and which to move when."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ferryman.cli.cost import command
from ferryman.core.errors import ConfigError
from ferryman.cost import Choices, Workload, bill, load_book, make_platforms
from ferryman.cost.number_format import volume
from ferryman.cost.page.document import portfolio_document
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.portfolio import App, Portfolio, find_portfolio, with_copies
from ferryman.cost.portfolio_model import nodes_needed
from ferryman.cost.portfolio_tables import headline

BOOK = load_book()


def apps(count: int, millions: int = 6) -> list[App]:
    work = Workload.of(requests=millions * 10**6, wall_ms=100, cpu_ms=10)
    return [App(f"app{number}", work) for number in range(count)]


def found(count: int, millions: int = 6) -> Portfolio:
    return find_portfolio(apps(count, millions), Choices(), BOOK)


def test_one_function_costs_what_it_costs_alone() -> None:
    one = apps(1)[0]
    (platform,) = make_platforms(["lambda-url"])
    assert (
        find_portfolio([one], Choices(), BOOK).ways[0].usd
        == bill(platform, one.workload, BOOK).total
    )


def test_five_functions_share_one_free_tier() -> None:
    one = apps(1)[0]
    (platform,) = make_platforms(["lambda-url"])
    together, alone = found(5).ways[0].usd, bill(platform, one.workload, BOOK).total
    # Five million requests at 0.20 and 5 x 400,000 GB-seconds less one are paid for.
    work = Workload.of(requests=30 * 10**6, wall_ms=100, cpu_ms=10)
    assert together == bill(platform, work, BOOK).total
    assert together > 5 * alone


def test_shared_servers_have_one_balancer_and_two_nodes() -> None:
    way = next(x for x in found(5).ways if x.name == "shared EC2 instances")
    lines = {line.item: line for line in way.lines}
    assert lines["Load balancer"].quantity == 730
    assert way.servers == 2
    (compute,) = [line for item, line in lines.items() if item.startswith("EC2 t4g")]
    assert compute.quantity == 2 * 730
    assert way.usd == sum(line.amount for line in way.lines)


def test_the_search_and_the_bill_reckon_alike() -> None:
    result = found(5, 20)
    way = next(x for x in result.ways if x.name == "shared EC2 instances")
    # All moved is the last of the moves, which is reckoned in floats.
    assert result.moves[-1].usd == pytest.approx(float(way.usd), rel=1e-9)
    assert result.start == pytest.approx(float(result.ways[0].usd), rel=1e-9)


def test_among_others_an_application_crosses_over_earlier() -> None:
    def crossover(count: int) -> float:
        """Requests a month of each at which sharing is as cheap as functions."""
        factor = found(count).factor
        assert factor is not None
        return factor * 6e6

    alone, five, twenty = crossover(1), crossover(5), crossover(20)
    assert alone > 2.5 * five > 2.5 * 2 * twenty
    # A prototype found 63, 12.6 and 4.3 million, on larger instances for the first.
    assert five == pytest.approx(12.6e6, rel=0.2)
    assert twenty == pytest.approx(4.3e6, rel=0.2)


def test_the_moves_are_all_made_once_and_the_worth_ones_cost_least() -> None:
    result = found(20)
    assert sorted(move.app for move in result.moves) == sorted(app.name for app in result.apps)
    lowest = min(move.usd for move in result.moves)
    assert result.moves[result.worth_moving - 1].usd == lowest < result.start


def test_small_applications_stay_functions() -> None:
    result = found(3, 1)
    assert result.worth_moving == 0
    assert result.cheapest.name == "a function each"


def test_what_a_pod_asks_for_decides_how_many_nodes_there_are() -> None:
    large = [App(x.name, x.workload, Pod(Decimal("1.5"), 3000)) for x in apps(4)]
    way = next(
        x for x in find_portfolio(large, Choices(), BOOK).ways if x.name == "shared EC2 instances"
    )
    # Two pods of each, 12 vCPU in all.
    shape = BOOK.instance(way.size)
    assert way.servers is not None
    assert way.servers * (shape.vcpu - Decimal("0.1")) >= 12


def test_copies_have_a_share_of_the_traffic() -> None:
    copied = with_copies(apps(2), [("staging", Decimal("0.02"))])
    assert [app.name for app in copied[2:]] == ["app0 (staging)", "app1 (staging)"]
    assert copied[2].workload.requests == 120_000


@pytest.mark.parametrize(
    ("pods", "nodes"),
    [
        ([(2, 0.5, 0.1)], 2),
        ([(4, 0.5, 0.5)], 2),
        ([(5, 0.5, 0.5)], 3),
        ([(2, 0.6, 0.1), (2, 0.4, 0.1)], 2),
        ([(3, 0.1, 0.9), (3, 0.9, 0.1)], 3),
        ([(1, 1.1, 0.1)], None),
    ],
)
def test_pods_are_packed_by_what_they_ask_for(
    pods: list[tuple[int, float, float]], nodes: int | None
) -> None:
    assert nodes_needed(pods, 2) == nodes


def test_twenty_applications_take_less_than_two_seconds_of_cpu() -> None:
    before = time.process_time()
    found(20)
    assert time.process_time() - before < 2


FILE = """
region = "eu-west-1"
no_free_tier = "lambda"

[apps.shop]
requests = "20M"
wall_ms = 120
cpu_ms = 8

[apps.mail]
requests = "300k"
pod = "0.1/0.25"

[copies]
staging = 0.02
"""


def test_the_page_has_each_application_its_crossovers_and_every_price(tmp_path: Path) -> None:
    path, page = tmp_path / "shops.toml", tmp_path / "shops.html"
    path.write_text(FILE)
    answer = run(path, "--html", str(page))
    assert answer.stderr == f"wrote {page}\n"
    text = page.read_text().replace("\u00a0", " ")
    headline = answer.stdout.splitlines()[0]
    assert f"<h1>{headline.split(' month. ')[0]} month.</h1>" in text
    shown = json.loads(run(path, "--json").stdout)
    for app in shown["crossovers"]:
        assert f'<th scope="row">{app["app"]}</th>' in text
        assert volume(Decimal(app["among"])) in text
    rates = {line["item"] for way in shown["ways"] for line in way["lines"]}
    assert [item for item in rates if f">{item}</th>" not in text] == []
    assert "lambda.requests.arm64" in text
    assert text.count('class="cross"') == 2  # where all cost the same, in the wide and narrow chart


def test_figures_that_were_forced_are_doubted_in_the_headline() -> None:
    one, two = apps(2)
    doubted = replace(one, doubts=("the machine was busy",))
    text = headline(find_portfolio([doubted, two], Choices(), BOOK))
    assert text.startswith("Doubtful (app0 measured with --force): Keep")
    assert headline(found(2)).startswith("Keep a function for each of 2 applications: ")


def test_the_bill_is_followed_as_far_as_its_crossovers() -> None:
    result = found(5)
    assert result.factor is not None
    assert result.growth[0].factor < result.factor < result.growth[-1].factor
    near = [x for x in result.growth if x.shared and x.factor > result.factor * 1.2]
    assert all(x.shared < x.functions for x in near[:3] if x.shared)
    today = min(result.growth, key=lambda x: abs(x.factor - 1))
    assert today.functions == pytest.approx(result.start, rel=0.2)


def test_without_traffic_there_is_a_page_without_a_chart() -> None:
    idle = App("idle", Workload.of(requests=0, wall_ms=100, cpu_ms=10))
    text = portfolio_document(find_portfolio([idle], Choices(), BOOK))
    assert "Keep the function: 0.00" in text.replace("\u00a0", " ")
    assert "<svg" not in text


def run(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [str(path), *arguments])


def test_a_file_is_answered_in_sentences_and_tables(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.toml"
    path.write_text(FILE)
    text = run(path).stdout
    assert text.startswith("Keep a function for each of 4 applications: ")
    for part in ("shared EC2 instances", "mail (staging)", "among the others", "all as functions"):
        assert part in text


def test_the_file_says_where_it_runs_and_which_free_tiers_are_left(tmp_path: Path) -> None:
    path = tmp_path / "portfolio.toml"
    path.write_text(FILE)
    answer = json.loads(run(path, "--json").stdout)
    lines = {line["item"]: line for line in answer["ways"][0]["lines"]}
    # 20.3 million and a fiftieth of them more, at 0.20 a million, nothing free.
    assert lines["Lambda requests"]["usd"] == "4.1412"
    assert [each["app"] for each in answer["crossovers"]][2:] == [
        "shop (staging)",
        "mail (staging)",
    ]
    more = json.loads(run(path, "--json", "--copies", "test:50%").stdout)
    assert len(more["crossovers"]) == 6


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no applications"),
        ("[apps", "cannot be read"),
        ("apps = 3", "has no applications"),
        ("[apps]\nshop = 3", "is not a table"),
        ("[apps.shop]\nrequest = 3", "has no setting 'request'"),
        ("[apps.shop]\nrequests = 'many'", "apps.shop"),
        ("[apps.shop]\nrequests = [1, 2]", "takes one value"),
        ("[apps.shop]\nmeasured = 'nowhere.json'", "apps.shop"),
        ("[apps.shop]\npod = '1'", "pod: '1' is not a size"),
        ("platform = 'ec2'\n[apps.shop]\nrequests = 1", "has no setting 'platform'"),
        ("private = 3\n[apps.shop]\nrequests = 1", "takes true or false"),
        ("minimum = 'x'\n[apps.shop]\nrequests = 1", "minimum"),
        ("copies = 3\n[apps.shop]\nrequests = 1", "copies is not a table"),
        ("[apps.shop]\nrequests = 1\n[copies]\na = 3", "is not a share"),
    ],
)
def test_a_file_that_is_wrong_is_told_where(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "portfolio.toml"
    path.write_text(text)
    result = run(path)
    assert isinstance(result.exception, ConfigError), result.output
    assert message in f"{result.exception.message}"


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    assert isinstance(run(tmp_path / "none.toml").exception, ConfigError)
