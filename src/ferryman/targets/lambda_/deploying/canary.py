"""A canary: gives a new version a share of the requests, judges it, and promotes it or rolls back.

The judge compares both versions in the same minutes, by CloudWatch's counts for each executed
version, so that an outage of both does not count against the new one. Failures are failed
invocations, and responses of 500 and above if the app writes an access log.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ferryman.aws.session import Aws
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.judge import FAILURES, Counts, Evidence, Judgement, Trial, judge
from ferryman.targets.lambda_.deploying.function import LIVE, Alias, move

__all__ = ("Canary", "CanaryFailed", "parse_share", "run_canary")

_MINUTE = 60
# CloudWatch knows most of a minute's invocations a minute later.
_SETTLED = 60
_LOOK = 20.0
_PATIENCE = 1800.0


class CanaryFailed(FerrymanError):
    """The new version was not promoted; all requests go to the old one again."""


@dataclass(frozen=True, slots=True)
class Canary:
    """The settings of a canary.

    Attributes:
        function: The function's name.
        share: The new version's share, above 0 and below 1.
        timeout: Seconds after which an undecided canary is rolled back.
        log_group: The log group with the access log; None if not read.
        look: Seconds between two looks.
    """

    function: str
    share: float
    timeout: float = _PATIENCE
    log_group: str | None = None
    look: float = _LOOK


def parse_share(text: str) -> float:
    """Return a share from a percentage such as `5%`.

    Raises:
        ConfigError: The text is not a percentage above 0 and below 100.
    """
    number = text.strip().removesuffix("%")
    try:
        share = float(number) / 100
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise ConfigError(f"--canary {text} is not a percentage such as 5%")
    return share


def run_canary(
    aws: Aws,
    canary: Canary,
    alias: Alias,
    version: str,
    tell: Callable[[str], None],
    *,
    clock: Callable[[], float] = time.time,
    pause: Callable[[float], None] = time.sleep,
) -> Alias:
    """Give a version a share of the requests until the judge decides; then all of them, or none.

    If the canary ends early, by Ctrl-C for example, all requests go to the old version again.

    Raises:
        ConfigError: The credentials would expire before a rollback.
        CanaryFailed: The version is worse, or the judge did not decide in time.
        LostRace: Another client moved the alias.
    """
    _check_credentials(aws, canary.timeout)
    old = alias.version
    shared = move(aws, canary.function, alias, old, {version: canary.share})
    tell(f"version {version} gets {canary.share:.0%} of the requests, version {old} the rest")
    try:
        verdict = _watch(aws, canary, (old, version), tell, clock, pause)
    except BaseException:
        move(aws, canary.function, shared, old)
        tell(f"all requests go to version {old} again")
        raise
    if verdict.verdict == "fine":
        tell(f"version {version} is as good as version {old}: it gets all requests")
        return move(aws, canary.function, shared, version)
    move(aws, canary.function, shared, old)
    raise _failure(verdict, old, version, canary)


def _check_credentials(aws: Aws, timeout: float) -> None:
    left = aws.seconds_left()
    if left is not None and left < timeout:
        raise ConfigError(
            f"the credentials expire in {left:.0f} s, and a canary may take {timeout:.0f} s",
            cause="ferryman could then not roll it back",
            hint="sign in again, or pass a shorter --timeout",
        )


def _watch(
    aws: Aws,
    canary: Canary,
    pair: tuple[str, str],
    tell: Callable[[str], None],
    clock: Callable[[], float],
    pause: Callable[[float], None],
) -> Judgement:
    # Whole minutes in which both had requests: earlier ones had other shares.
    began = -int(-clock() // _MINUTE) * _MINUTE
    end = clock() + canary.timeout
    trial = Trial(streams=(FAILURES,), evidence=(Evidence(),))
    counted: tuple[Counts, Counts] = (Counts(), Counts())
    while True:
        pause(canary.look)
        until = int((clock() - _SETTLED) // _MINUTE) * _MINUTE
        if until > began:
            seen = _counts(aws, canary, pair, began, until)
            trial = trial.seen(*map(_since, seen, counted))
            counted = seen
        verdict = judge(trial, trial.new.answers)
        new, needed = trial.new, verdict.needed
        tell(f"{new.answers} of {needed} responses by version {pair[1]}, {new.failures} failed")
        if verdict.verdict != "undecided" or clock() > end:
            return verdict


def _since(now: Counts, before: Counts) -> Counts:
    answers = max(0, now.answers - before.answers)
    return Counts(answers, min(answers, max(0, now.failures - before.failures)))


def _counts(
    aws: Aws, canary: Canary, pair: tuple[str, str], began: int, until: int
) -> tuple[Counts, Counts]:
    queries = [
        _query(f"{metric.lower()}{number}", metric, canary.function, version)
        for number, version in enumerate(pair)
        for metric in ("Invocations", "Errors")
    ]
    told = aws.call(
        "cloudwatch",
        "get_metric_data",
        MetricDataQueries=queries,
        StartTime=datetime.fromtimestamp(began, UTC),
        EndTime=datetime.fromtimestamp(until, UTC),
    )
    sums = {one["Id"]: int(sum(one["Values"])) for one in told["MetricDataResults"]}
    refused = _refused(aws, canary, began, until)
    first, second = (
        _side(sums.get(f"invocations{n}", 0), sums.get(f"errors{n}", 0) + refused[version])
        for n, version in enumerate(pair)
    )
    return first, second


def _side(answers: int, failures: int) -> Counts:
    return Counts(answers, min(answers, failures))


def _query(name: str, metric: str, function: str, version: str) -> Mapping[str, Any]:
    dimensions = {
        "FunctionName": function,
        "Resource": f"{function}:{LIVE}",
        "ExecutedVersion": version,
    }
    named = [{"Name": key, "Value": value} for key, value in dimensions.items()]
    found = {"Namespace": "AWS/Lambda", "MetricName": metric, "Dimensions": named}
    return {"Id": name, "MetricStat": {"Metric": found, "Period": _MINUTE, "Stat": "Sum"}}


def _refused(aws: Aws, canary: Canary, began: int, until: int) -> Counter[str]:
    """Count the responses of 500 and above by version, from the names of log streams."""
    found: Counter[str] = Counter()
    if canary.log_group is None:
        return found
    events = aws.pages(
        "logs",
        "filter_log_events",
        "events",
        logGroupName=canary.log_group,
        startTime=began * 1000,
        endTime=until * 1000,
        filterPattern="{ $.status >= 500 }",
    )
    for event in events:
        found[event["logStreamName"].partition("[")[2].partition("]")[0]] += 1
    return found


def _failure(verdict: Judgement, old: str, version: str, canary: Canary) -> CanaryFailed:
    if verdict.verdict == "worse":
        (reason, *_) = verdict.reasons
        return CanaryFailed(
            f"version {version} is worse than version {old}, which gets all requests again",
            cause=f"{reason.new} of its responses failed, and {reason.old} of the old version's; "
            f"the evidence is {reason.evidence:.0f}, and {reason.threshold:.0f} is enough",
            hint="`ferryman logs -t lambda` shows why they failed",
        )
    return CanaryFailed(
        f"there was no verdict on version {version} in {canary.timeout:.0f} s; version {old} gets "
        "all requests again",
        cause=f"it gave {verdict.answers} responses, and a verdict needs {verdict.needed}",
        hint="raise --canary or --timeout",
    )
