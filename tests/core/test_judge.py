"""The judge, held to its simulation, to scipy as a second opinion, and to counts by hand."""

from __future__ import annotations

import importlib
import math
from typing import Any

import numpy
import pytest
from benchmarks.judge import HEALTHY, ILL, Scenario, simulate

from ferryman.core.judge import (
    ENOUGH,
    FAILURES,
    RATIOS,
    SLOW,
    Counts,
    Evidence,
    Stream,
    Trial,
    answers_needed,
    judge,
    once_per_client,
)


@pytest.fixture(scope="session")
def binom() -> Any:
    # Its import takes a second or two, which each process that collects the tests would pay.
    return importlib.import_module("scipy.stats").binom


def trial_of(*intervals: tuple[Counts, Counts]) -> Trial:
    trial = Trial()
    for old, new in intervals:
        trial = trial.seen(old, new)
    return trial


@pytest.mark.parametrize("stream", [FAILURES, SLOW, Stream("rejections", 2.0, 0.01)])
@pytest.mark.parametrize(("old", "new", "share"), [(7, 2, 0.05), (0, 4, 0.01), (30, 41, 0.5)])
def test_scipy_has_the_same_evidence(
    binom: Any, stream: Stream, old: int, new: int, share: float
) -> None:
    def log_likelihood(ratio: float) -> float:
        from_new = share * ratio / (share * ratio + 1 - share)
        return float(binom.logpmf(new, old + new, from_new))

    expected = numpy.mean(
        [
            math.exp(log_likelihood(stream.tolerated * r) - log_likelihood(stream.tolerated))
            for r in RATIOS
        ]
    )
    found = Evidence().weighed(stream, old, new, share)
    assert math.exp(found.log) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("share", [0.01, 0.3, 0.95])
@pytest.mark.parametrize("ratio", [0.2, 1.0])
def test_within_tolerance_the_evidence_is_not_expected_to_grow(share: float, ratio: float) -> None:
    # The supermartingale itself: the mean over one bad answer, from either side, is at most 1.
    from_new = share * ratio / (share * ratio + 1 - share)
    after_new = math.exp(Evidence().weighed(FAILURES, 0, 1, share).log)
    after_old = math.exp(Evidence().weighed(FAILURES, 1, 0, share).log)
    assert from_new * after_new + (1 - from_new) * after_old <= 1 + 1e-12


@pytest.mark.parametrize(
    "scenario", [s for s in HEALTHY if s.burst == 1 or s.by_client], ids=lambda s: s.name
)
def test_a_healthy_side_is_seldom_called_worse(scenario: Scenario) -> None:
    outcomes = simulate(scenario, 80, seed=11)
    alarms = sum(outcome.alarmed for outcome in outcomes)
    # At the 1% that is promised, more than 4 of 80 come once in 700 runs; the seed is fixed.
    assert alarms <= 4


@pytest.mark.parametrize("scenario", [s for s in ILL if s.steps[0] >= 0.25], ids=lambda s: s.name)
def test_an_ill_side_is_found(scenario: Scenario) -> None:
    outcomes = simulate(scenario, 30, seed=12)
    assert all(outcome.alarmed for outcome in outcomes)


def test_a_failure_on_both_sides_is_no_reason_to_go_back() -> None:
    outage = (Counts(5000, failures=5000), Counts(250, failures=250))
    assert judge(trial_of(*[outage] * 20), answers=5000).verdict == "fine"


def test_a_few_failures_of_the_new_side_alone_are_enough() -> None:
    trial = trial_of((Counts(9900), Counts(100, failures=3)))
    judgement = judge(trial, answers=100)
    assert judgement.verdict == "worse"
    (finding,) = judgement.reasons
    assert (finding.stream, finding.old, finding.new) == ("failures", 0, 3)
    assert finding.evidence >= finding.threshold == 200


def test_evidence_carries_over_steps() -> None:
    first = trial_of((Counts(990), Counts(10, failures=1)))
    assert judge(first, answers=10).verdict == "undecided"
    second = first.seen(Counts(950), Counts(50, failures=2))
    assert judge(second, answers=50).verdict == "worse"


def test_a_wrong_session_secret_shows_as_rejections() -> None:
    trial = trial_of((Counts(9900, rejections=99), Counts(100, rejections=60)))
    assert [f.stream for f in judge(trial, answers=100).reasons] == ["rejections"]


def test_without_traffic_nothing_is_decided() -> None:
    assert judge(trial_of((Counts(), Counts())), answers=0).verdict == "undecided"


def test_with_one_side_silent_nothing_is_weighed() -> None:
    trial = trial_of((Counts(), Counts(1000, failures=40)))
    judgement = judge(trial, answers=1000)
    assert judgement.verdict == "fine"
    assert judgement.findings[0].new == 40


def test_overwhelming_evidence_is_a_number() -> None:
    trial = trial_of((Counts(10**6), Counts(10**6, failures=10**6)))
    assert math.isfinite(judge(trial, answers=10**6).findings[0].evidence)


@pytest.mark.parametrize(("rate", "answers"), [(0.01, 299), (0.05, 59)])
def test_the_rule_of_three(binom: Any, rate: float, answers: int) -> None:
    assert answers_needed(rate) == answers
    assert binom.cdf(0, answers, rate) <= 0.05 < binom.cdf(0, answers - 1, rate)


def test_a_step_is_fine_from_the_answer_that_is_needed() -> None:
    trial = trial_of((Counts(1000), Counts(ENOUGH)))
    assert judge(trial, answers=ENOUGH - 1).verdict == "undecided"
    assert judge(trial, answers=ENOUGH).verdict == "fine"


@pytest.mark.parametrize("counts", [{"failures": -1}, {"answers": 2, "slow": 3}])
def test_counts_that_contradict_each_other_are_refused(counts: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="contradict"):
        Counts(**counts)


def test_what_a_client_repeats_counts_once() -> None:
    failure, slow = Counts(1, failures=1), Counts(1, slow=1)
    answers = [("ada", failure), ("ada", failure), ("bob", failure), ("ada", slow)]
    total, known = once_per_client(answers)
    assert total == Counts(4, failures=2, slow=1)
    again, _ = once_per_client([("ada", failure), ("eve", failure)], known)
    assert again == Counts(2, failures=1)
