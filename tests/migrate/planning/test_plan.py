"""What a migration takes: hours by traffic, harm at worst, room, money, and what is refused."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from ferryman.core.errors import ConfigError
from ferryman.migrate.options import MigrateOptions
from ferryman.migrate.planning.facts import Facts, Side, Traffic
from ferryman.migrate.planning.markdown import as_markdown
from ferryman.migrate.planning.plan import Plan, make_plan
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES as LAMBDA
from ferryman.targets.server.runtime.capability import CAPABILITIES as SERVER


@dataclass(frozen=True)
class Straight:
    """A platform that needs so many units for all the traffic, at a dollar a month each."""

    unit: str
    whole: int
    processes: int = 1
    platform: str = "a platform"

    def units(self, share: float) -> int:
        return math.ceil(round(self.whole * share, 9))

    def usd(self, share: float, kept: float | None = None) -> Decimal:
        return Decimal(self.units(max(share, kept or 0) if self.unit == "servers" else share))


FUNCTION = Side("lambda", LAMBDA, Straight("environments", 100), units=1000, connections=1)
SERVERS = Side("server", SERVER, Straight("servers", 4, processes=2), units=4, connections=10)


def planned(
    rate: float = 100.0, old: Side = FUNCTION, new: Side = SERVERS, **settings: object
) -> Plan:
    traffic = settings.pop("traffic", Traffic(rate))
    assert isinstance(traffic, Traffic)
    known = settings.pop("database_connections", None)
    assert known is None or isinstance(known, int)
    facts = Facts(old, new, traffic, database_connections=known)
    return make_plan(MigrateOptions.model_validate(settings), facts)


@pytest.mark.parametrize(
    ("rate", "first", "minutes"), [(1, 17, 29.3), (10, 2, 24.9), (100, 1, 5), (0.01, 95, 525)]
)
def test_the_first_step_takes_half_an_hour_at_most(rate: float, first: int, minutes: int) -> None:
    plan = planned(rate)
    assert plan.stages[0].weight == first
    assert plan.stages[0].hours * 60 == pytest.approx(minutes, rel=0.01)
    assert plan.steps[-1] == 95


def test_a_step_needs_the_answers_that_rule_the_tolerated_rate_out() -> None:
    few, many = planned(100, tolerated_rate=0.05), planned(100)
    assert (few.needed, many.needed) == (59, 299)
    assert few.hours < many.hours


def test_late_numbers_cost_bad_answers() -> None:
    soon, late = planned(100), planned(100, observer="cloudwatch")
    assert [stage.bad for stage in soon.stages][:2] == [4, 7]
    assert late.stages[0].bad == 13
    assert any("minutes late" in warning for warning in late.warnings)


def test_it_says_what_each_step_takes_of_servers_connections_and_money() -> None:
    plan = planned(100)
    assert [stage.units for stage in plan.stages] == [1, 1, 1, 2, 4]
    # 100 environments of one connection, and 4 servers of two processes with ten each.
    assert {stage.connections for stage in plan.stages} == {180}
    day = 24 / 730
    assert plan.money.before == pytest.approx(100 * day, abs=0.01)
    assert plan.money.both == pytest.approx((4 + 5) * day, abs=0.01)
    assert plan.money.after == pytest.approx(4 * day, abs=0.01)
    text = as_markdown(plan)
    assert "| 95 % | 1 min |" in text
    assert "Set `steps = [1, 5, 25, 50, 95]`" in text


REFUSED = [
    ({"new": replace(SERVERS, units=3)}, "server has 3 servers"),
    ({"old": replace(FUNCTION, units=99)}, "take all of it back until `finish`"),
    ({"database_connections": 179}, "together open 180 database connections"),
    ({"address": "https://x.lambda-url.eu-central-1.on.aws"}, "the name of a Function URL"),
    ({"address": "x.execute-api.eu-central-1.amazonaws.com"}, "an API of API Gateway"),
    (
        {"shifter": "alb", "traffic": Traffic(9, 1024 * 1024 + 1, "GET /report")},
        "GET /report has a body of 1 MiB",
    ),
    ({"shifter": "alb", "old": replace(FUNCTION, streams=True)}, "set to stream"),
    (
        {"shifter": "alb", "traffic": Traffic(9, streamed=("GET /news",))},
        "the response to GET /news is a stream",
    ),
    (
        {"old": SERVERS, "new": FUNCTION, "traffic": Traffic(9, 7 * 2**20, "PUT /film")},
        "PUT /film has a body of 7 MiB, and lambda accepts at most 4.5 MiB",
    ),
]


@pytest.mark.parametrize(("change", "says"), REFUSED, ids=[says for _, says in REFUSED])
def test_what_cannot_work_is_refused_with_the_reason(change: dict[str, object], says: str) -> None:
    plan = planned(**change)  # type: ignore[arg-type]
    assert any(says in why for why in plan.refusals), plan.refusals
    assert says in as_markdown(plan)


FINE = [
    {"database_connections": 180},
    {"shifter": "alb", "traffic": Traffic(9, 1024 * 1024, "GET /report")},
    {"shifter": "alb", "address": "lb-1.eu-central-1.elb.amazonaws.com"},
    {"shifter": "alias", "address": "https://x.lambda-url.eu-central-1.on.aws"},
    {"address": "https://d111.cloudfront.net"},
    {"traffic": Traffic(9, 50 * 2**20, "PUT /film")},
    {"old": SERVERS, "new": replace(SERVERS, name="newer")},
]


@pytest.mark.parametrize("change", FINE, ids=str)
def test_what_works_is_not_refused(change: dict[str, object]) -> None:
    assert planned(**change).refusals == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("https://shop.example.com/x", "Point shop.example.com at HAProxy"),
        ("https://d111.cloudfront.net", "the origin of its distribution"),
        ("10.0.0.7", "must listen on it"),
        ("", "Set address"),
    ],
)
def test_it_says_how_the_address_is_moved(address: str, says: str) -> None:
    assert says in planned(address=address).front.way


def test_what_is_not_known_is_asked_for_and_not_refused() -> None:
    plan = planned(
        old=replace(FUNCTION, units=None, connections=None), new=replace(SERVERS, units=None)
    )
    assert plan.refusals == ()
    assert any("needs 4 servers" in warning for warning in plan.warnings)
    assert any("needs 100 environments" in warning for warning in plan.warnings)
    assert any("database connections at the same time" in warning for warning in plan.warnings)


def test_a_retreat_that_outruns_lambda_is_said() -> None:
    big = replace(FUNCTION, load=Straight("environments", 4000), units=5000)
    assert any("adds only 1,000" in warning for warning in planned(old=big).warnings)


def test_what_differs_is_told_and_no_value_of_a_variable() -> None:
    old = replace(FUNCTION, environment={"SECRET": "hunter2", "A": "1"}, settings={"proxy": "alb"})
    new = replace(SERVERS, environment={"SECRET": "hunter3"})
    plan = planned(old=old, new=new)
    told = {each.name: (each.old, each.new) for each in plan.differences}
    assert told["variable SECRET"] == ("set", "set to another value")
    assert told["variable A"] == ("set", "not set")
    assert told["setting proxy"] == ("alb", "not set")
    assert told["WebSockets"] == ("no", "yes")
    assert "hunter" not in as_markdown(plan)


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan")])
def test_without_traffic_there_is_nothing_to_plan(rate: float) -> None:
    with pytest.raises(ConfigError, match="without traffic"):
        planned(rate)


def test_both_sides_the_same_is_refused() -> None:
    with pytest.raises(ConfigError, match="both sides"):
        planned(old=SERVERS)
