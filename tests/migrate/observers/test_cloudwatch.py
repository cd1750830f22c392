"""CloudWatch's minutes: only those that have settled, by the metrics of each kind of side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ferryman.core.errors import ConfigError
from ferryman.core.judge import Counts
from ferryman.migrate.observers.cloudwatch import CloudWatch, dimensions_of
from ferryman.migrate.options import MigrateOptions

GROUP = "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/new/73e2d6bc24d8a067"
RULE = (
    "arn:aws:elasticloadbalancing:eu-central-1:1:listener-rule/app/front/50dc6c495c0c9188/"
    "f2f7dc8efc522ab2/9683b2d02a6cabee"
)


def options(**side: str) -> MigrateOptions:
    values = {"sides": {"new": side}, "alb": {"rule": RULE}, "alias": {"function": "app"}}
    return MigrateOptions.model_validate(values)


class Minutes:
    """CloudWatch, as its API gives minutes of each metric."""

    def __init__(self, **minutes: Mapping[int, float]) -> None:
        self.minutes = minutes
        self.asked: list[Any] = []

    def get_metric_data(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        start, end = (int(asked[name].timestamp()) for name in ("StartTime", "EndTime"))
        results = []
        for query in asked["MetricDataQueries"]:
            stat = query["MetricStat"]
            name = stat["Metric"]["MetricName"]
            name = name if stat["Stat"] == "Sum" else f"{name} {stat['Stat']}"
            found = self.minutes.get(name, {})
            values = [value for at, value in found.items() if start <= at < end]
            results.append({"Id": query["Id"], "Values": values})
        return {"MetricDataResults": results}


def observer(now: float, client: Minutes, **side: str) -> CloudWatch:
    settings = options(**side)
    series = dimensions_of(settings, settings.sides["new"], "new")
    return CloudWatch(client, series, lambda: now)


def test_minutes_that_have_settled_are_counted_once() -> None:
    client = Minutes(
        RequestCount={0: 100, 60: 200, 120: 400},
        HTTPCode_Target_5XX_Count={60: 3},
        TargetConnectionErrorCount={60: 1},
        HTTPCode_Target_4XX_Count={60: 7},
        **{"TargetResponseTime TC(0.25:)": {60: 9}},
    )
    # At 250 s the minutes up to 120 have settled.
    first = observer(130, client, target_group=GROUP).look(None, 0.25)
    assert (first.counts, first.cursor) == (Counts(), 0)
    second = observer(250, client, target_group=GROUP).look(60, 0.25)
    assert second.counts == Counts(200, failures=4, rejections=7, slow=9)
    again = observer(255, client, target_group=GROUP).look(second.cursor, 0.25)
    assert (again.counts, again.cursor) == (Counts(), 120)
    (query, *_) = client.asked[-1]["MetricDataQueries"]
    assert query["MetricStat"]["Metric"]["Dimensions"] == [
        {"Name": "TargetGroup", "Value": "targetgroup/new/73e2d6bc24d8a067"},
        {"Name": "LoadBalancer", "Value": "app/front/50dc6c495c0c9188"},
    ]


def test_a_clock_that_steps_back_counts_nothing_twice() -> None:
    client = Minutes(RequestCount={60: 200})
    later = observer(250, client, target_group=GROUP).look(60, 0.25)
    back = observer(130, client, target_group=GROUP).look(later.cursor, 0.25)
    assert (back.counts, back.cursor) == (Counts(), later.cursor)


def test_a_version_of_a_function_counts_errors_and_throttles() -> None:
    client = Minutes(
        Invocations={0: 50}, Errors={0: 2}, Throttles={0: 1}, **{"Duration TC(250:)": {0: 4}}
    )
    sight = observer(190, client, version="8").look(0, 0.25)
    assert sight.counts == Counts(50, failures=3, slow=4)
    (query, *_) = client.asked[-1]["MetricDataQueries"]
    dimensions = {d["Name"]: d["Value"] for d in query["MetricStat"]["Metric"]["Dimensions"]}
    assert dimensions == {"FunctionName": "app", "Resource": "app:live", "ExecutedVersion": "8"}


def test_the_limit_needs_some_answers_and_is_in_seconds() -> None:
    few = Minutes(Invocations={0: 99}, **{"Duration p95": {0: 180.0}})
    assert observer(190, few, version="8").look(None, None).slow_limit is None
    many = Minutes(Invocations={0: 100}, **{"Duration p95": {0: 180.0}})
    assert observer(190, many, version="8").look(None, None).slow_limit == pytest.approx(0.18)


def test_a_side_that_it_cannot_count_is_refused() -> None:
    with pytest.raises(ConfigError, match="neither target_group nor version"):
        observer(0, Minutes(), address="http://x")
