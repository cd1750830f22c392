"""A canary is judged by what CloudWatch counted, takes over or goes back by itself.

The stand-in sends no traffic by the weights of an alias; the counts are put into its CloudWatch,
as AWS would count them, by a clock of the test's own.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from tests.aws_stand_in import Run, Zip, client, good

from ferryman.aws.refusals import action_name
from ferryman.aws.session import Aws, open_session
from ferryman.core.errors import ConfigError
from ferryman.targets.lambda_.deploying import deployment
from ferryman.targets.lambda_.deploying.canary import (
    Canary,
    CanaryFailed,
    parse_share,
    run_canary,
)
from ferryman.targets.lambda_.deploying.function import LostRace, read_alias
from ferryman.targets.lambda_.deploying.permissions import CALLS


@dataclass
class Minutes:
    """A clock, and the requests that come while it runs.

    Attributes:
        function: The function's name.
        old: The old version.
        new: The new version.
        rate: Requests a minute.
        failing: Returns how many of a number of requests a version fails.
        now: Seconds since 1970.
        looks: How often it was waited.
    """

    function: str
    old: str
    new: str
    rate: int = 3000
    failing: Callable[[str, int], int] = lambda version, requests: 0
    now: float = 1_800_000_030.0
    looks: int = 0
    told: set[int] = field(default_factory=set)

    def clock(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        """Let time go by; whole minutes of it are counted, by the weights there are."""
        self.looks += 1
        before, self.now = self.now, self.now + seconds
        for minute in range(int(before // 60), int(self.now // 60)):
            self._count(minute * 60)

    def _count(self, minute: int) -> None:
        alias = read_alias(open_session(), self.function)
        for version in (self.old, self.new):
            requests = round(self.rate * alias.share(version))
            self._put(minute, version, "Invocations", requests)
            self._put(minute, version, "Errors", self.failing(version, requests))

    def _put(self, minute: int, version: str, metric: str, value: int) -> None:
        dimensions = {
            "FunctionName": self.function,
            "Resource": f"{self.function}:live",
            "ExecutedVersion": version,
        }
        client("cloudwatch").put_metric_data(
            Namespace="AWS/Lambda",
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                    "Timestamp": datetime.fromtimestamp(minute, UTC),
                    "Value": value,
                }
            ],
        )


def alias(name: str) -> tuple[str, dict[str, float]]:
    found = read_alias(open_session(), name)
    return found.version, dict(found.weights)


@pytest.fixture
def minutes(run: Run, zipped: Zip, stack: str) -> Minutes:
    """Deploy a function, publish another version of it, and return the time of both."""
    good(run("deploy", "--zip", zipped("one"), "-y"))
    client("lambda").update_function_configuration(FunctionName=stack, Description="another")
    made = client("lambda").publish_version(FunctionName=stack)
    return Minutes(stack, "1", made["Version"])


def judged(minutes: Minutes, **options: Any) -> tuple[Any, list[str]]:
    said: list[str] = []
    aws = open_session()
    found = run_canary(
        aws,
        Canary(minutes.function, 0.05, **options),
        read_alias(aws, minutes.function),
        minutes.new,
        said.append,
        clock=minutes.clock,
        pause=minutes.pause,
    )
    return found, said


def test_a_version_as_good_as_the_old_one_takes_over(minutes: Minutes) -> None:
    found, said = judged(minutes)
    assert (found.version, dict(found.weights)) == ("2", {})
    assert said[0] == "version 2 gets 5% of the requests, version 1 the rest"
    assert said[-1] == "version 2 is as good as version 1: it gets all requests"
    # 299 answers are needed, and 150 of 3,000 a minute are the new version's: two whole minutes
    # after the one it began in, and one more until CloudWatch has them, by looks of 20 s.
    assert minutes.looks == 11
    assert any(line.startswith("150 of 299 responses by version 2, 0 failed") for line in said)


def test_a_worse_version_goes_back_by_itself(minutes: Minutes) -> None:
    minutes.failing = lambda version, requests: requests // 10 if version == "2" else 0
    with pytest.raises(CanaryFailed) as failed:
        judged(minutes)
    assert alias(minutes.function) == ("1", {})
    assert "version 2 is worse than version 1, which gets all requests again" in str(failed.value)
    assert failed.value.cause is not None
    assert failed.value.cause.startswith("15 of its responses failed, and 0 of the old version's")


def test_an_outage_that_hits_both_is_not_held_against_the_new_one(minutes: Minutes) -> None:
    minutes.failing = lambda _, requests: requests // 3
    found, _ = judged(minutes)
    assert found.version == "2"


def test_without_enough_answers_it_goes_back_in_the_end(minutes: Minutes) -> None:
    minutes.rate = 40
    with pytest.raises(CanaryFailed) as failed:
        judged(minutes, timeout=600.0)
    assert alias(minutes.function) == ("1", {})
    assert failed.value.message.startswith("there was no verdict on version 2 in 600 s")
    assert "a verdict needs 299" in (failed.value.cause or "")


def test_whatever_ends_it_early_sends_all_requests_to_the_old_version(minutes: Minutes) -> None:
    def interrupted(seconds: float) -> None:
        assert alias(minutes.function) == ("1", {"2": 0.05})
        raise KeyboardInterrupt

    aws = open_session()
    with pytest.raises(KeyboardInterrupt):
        run_canary(
            aws,
            Canary(minutes.function, 0.05),
            read_alias(aws, minutes.function),
            "2",
            lambda _: None,
            pause=interrupted,
        )
    assert alias(minutes.function) == ("1", {})


def test_a_move_of_somebody_else_is_not_overwritten(minutes: Minutes) -> None:
    pause = minutes.pause

    def meddled(seconds: float) -> None:
        pause(seconds)
        if minutes.looks == 2:
            client("lambda").update_alias(FunctionName=minutes.function, Name="live",
                                          FunctionVersion="1", RoutingConfig={
                                              "AdditionalVersionWeights": {"2": 0.5}})  # fmt: skip

    minutes.pause = meddled  # type: ignore[method-assign]
    with pytest.raises(LostRace):
        judged(minutes)
    assert alias(minutes.function) == ("1", {"2": 0.5})


def test_credentials_that_would_expire_before_the_end_are_refused_first(
    minutes: Minutes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aws, "seconds_left", lambda _: 900.0)
    with pytest.raises(ConfigError, match="expire in 900 s, and a canary may take 1800 s"):
        judged(minutes)
    assert alias(minutes.function) == ("1", {})


def test_a_deploy_with_a_canary_reads_the_access_log_too(
    run: Run,
    zipped: Zip,
    stack: str,
    calls: list[tuple[str, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The function answers 500 and its invocations succeed: only the log tells."""
    logging = ("--set", "lambda.json_logs=true")
    good(run("deploy", "--zip", zipped("one"), *logging, "-y"))
    minutes = Minutes(stack, "1", "2")
    group = client("lambda").get_function_configuration(FunctionName=stack)["LoggingConfig"]
    logs = client("logs")
    stream = {"logGroupName": group["LogGroup"], "logStreamName": "2026/11/29/[2]abcdef"}
    logs.create_log_stream(**stream)

    def refusing(minute: int) -> None:
        Minutes._count(minutes, minute)
        line = json.dumps({"status": 500, "path": "/"})
        events = [{"timestamp": minute * 1000 + n, "message": line} for n in range(20)]
        logs.put_log_events(**stream, logEvents=events)

    monkeypatch.setattr(minutes, "_count", refusing)
    timed = partial(run_canary, clock=minutes.clock, pause=minutes.pause)
    monkeypatch.setattr(deployment, "run_canary", timed)
    calls.clear()
    result = run("deploy", "--zip", zipped("two"), *logging, "--canary", "5%", "-y")
    assert isinstance(result.exception, CanaryFailed)
    assert alias(stack) == ("1", {})
    of_stand_in = {"cloudwatch:PutMetricData", "logs:PutLogEvents"}
    called = {action_name(*call) for call in calls} - of_stand_in
    assert set(CALLS["deploy --canary"]) <= called
    allowed = {*CALLS["deploy --canary"], *CALLS["deploy"], *CALLS["send a zip"]}
    assert called - allowed == {"sts:GetCallerIdentity"}


@pytest.mark.parametrize("text", ["0%", "100%", "-5%", "five", "", "%"])
def test_a_share_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="not a percentage such as 5%"):
        parse_share(text)


def test_a_share_is_a_percentage() -> None:
    assert (parse_share("5%"), parse_share("2.5"), parse_share(" 50 %")) == (0.05, 0.025, 0.5)
