"""Judges whether a new side answers worse than an old one while both get traffic.

It may be asked any number of times: a healthy new side is called worse with a probability of at
most the error rate `alpha`, over all looks together. The module is arithmetic only: it knows no
target, no clock and no file.

Given that a bad answer happened, it came from the new side with probability
``w r / (w r + 1 - w)``, where w is the new side's share of the answers and r the ratio of the
two rates of bad answers. The evidence is the mean, over several r, of the likelihood ratios
against the tolerated ratio: a supermartingale while r is tolerated, so Ville's inequality
bounds how often it ever reaches ``1 / alpha``.

Sources: Lindon and Malek, "Anytime-Valid Inference for Multinomial Count Data" (NeurIPS 2022,
arXiv 2011.03567); Lindon et al., "Rapid Regression Detection in Software Deployments through
Sequential Testing" (KDD 2022, arXiv 2205.14762).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

__all__ = (
    "ENOUGH",
    "FAILURES",
    "RATIOS",
    "REJECTIONS",
    "SLOW",
    "STREAMS",
    "Counts",
    "Evidence",
    "Finding",
    "Judgement",
    "Stream",
    "Trial",
    "Verdict",
    "answers_needed",
    "judge",
    "once_per_client",
)

Verdict = Literal["worse", "fine", "undecided"]

RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0, 300.0, 1000.0)
"""The mixture's hypotheses: the new side's rate as a multiple of the tolerated ratio."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One kind of bad answer.

    Attributes:
        name: The field of `Counts` that holds it.
        tolerated: The ratio of the new side's rate to the old side's that is still accepted.
        alpha: The probability that a side within that ratio is ever called worse.
    """

    name: str
    tolerated: float
    alpha: float


FAILURES = Stream("failures", 1.0, 0.005)
"""Answers of 500 and above, and requests that got no answer."""
REJECTIONS = Stream("rejections", 2.0, 0.0025)
"""Answers from 400 to 499. A wrong session secret shows here."""
SLOW = Stream("slow", 1.5, 0.0025)
"""Answers slower than the old side's 95th percentile, frozen before traffic moved."""

STREAMS = (FAILURES, REJECTIONS, SLOW)
"""The default streams: together at most one false alarm in a hundred migrations."""


@dataclass(frozen=True, slots=True)
class Counts:
    """The answers of one side between two looks.

    Attributes:
        answers: All of them, bad ones included.
        failures: Those of 500 and above, and requests that got no answer.
        rejections: Those from 400 to 499.
        slow: Those that took longer than the frozen limit.

    Raises:
        ValueError: A count is negative, or there are more bad answers than answers.
    """

    answers: int = 0
    failures: int = 0
    rejections: int = 0
    slow: int = 0

    def __post_init__(self) -> None:
        bad = (self.failures, self.rejections, self.slow)
        if min(bad) < 0 or max(bad) > self.answers:
            raise ValueError(f"these counts contradict each other: {self}")

    def __add__(self, other: Counts) -> Counts:
        """Return the sum of both counts."""
        return Counts(
            self.answers + other.answers,
            self.failures + other.failures,
            self.rejections + other.rejections,
            self.slow + other.slow,
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """The evidence of the bad answers of one stream so far.

    Attributes:
        old: Bad answers of the old side.
        new: Bad answers of the new side.
        logs: The logarithm of the likelihood ratio for each of `RATIOS`.
    """

    old: int = 0
    new: int = 0
    logs: tuple[float, ...] = (0.0,) * len(RATIOS)

    def weighed(self, stream: Stream, old: int, new: int, share: float) -> Evidence:
        """Return the evidence after one more interval.

        Args:
            stream: The kind of bad answer, with its tolerated ratio.
            old: Bad answers of the old side.
            new: Bad answers of the new side.
            share: The new side's part of all answers in the interval, from 0 to 1. With only
                one side answering there is nothing to compare: the evidence stays.
        """
        if not old + new:
            return self
        if not 0 < share < 1:
            return replace(self, old=self.old + old, new=self.new + new)
        expected = _from_new(share, stream.tolerated)
        logs = []
        for log, ratio in zip(self.logs, RATIOS, strict=True):
            supposed = _from_new(share, stream.tolerated * ratio)
            log += new * math.log(supposed / expected)
            log += old * math.log((1 - supposed) / (1 - expected))
            logs.append(log)
        return Evidence(self.old + old, self.new + new, tuple(logs))

    @property
    def log(self) -> float:
        """The logarithm of the evidence: of the mean of the likelihood ratios."""
        most = max(self.logs)
        total = math.fsum(math.exp(log - most) for log in self.logs)
        return most + math.log(total / len(self.logs))

    @property
    def value(self) -> float:
        """The evidence: how many times likelier the counts are if the new side is worse."""
        # Beyond e ** 700 the value would overflow.
        return math.exp(min(self.log, 700.0))


@dataclass(frozen=True, slots=True)
class Trial:
    """All observations of two sides since their comparison began.

    Attributes:
        streams: The kinds of bad answers that are judged.
        evidence: The evidence of each stream so far, in the same order.
        old: All answers of the old side.
        new: All answers of the new side.
    """

    streams: tuple[Stream, ...] = STREAMS
    evidence: tuple[Evidence, ...] = (Evidence(),) * len(STREAMS)
    old: Counts = Counts()
    new: Counts = Counts()

    def seen(self, old: Counts, new: Counts) -> Trial:
        """Return the trial after one more interval of both sides' answers."""
        answers = old.answers + new.answers
        share = new.answers / answers if answers else 0.0
        evidence = tuple(
            each.weighed(stream, getattr(old, stream.name), getattr(new, stream.name), share)
            for stream, each in zip(self.streams, self.evidence, strict=True)
        )
        return replace(self, evidence=evidence, old=self.old + old, new=self.new + new)


@dataclass(frozen=True, slots=True)
class Finding:
    """The finding for one stream, with its numbers.

    Attributes:
        stream: The stream's name.
        old: Bad answers of the old side.
        new: Bad answers of the new side.
        evidence: How many times likelier the counts are if the new side is worse than if its
            rate is just tolerated.
        threshold: The evidence at which it is called worse.
    """

    stream: str
    old: int
    new: int
    evidence: float
    threshold: float

    @property
    def worse(self) -> bool:
        """Whether the new side is worse than tolerated in this stream."""
        return self.evidence >= self.threshold


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and the numbers behind it.

    Attributes:
        verdict: `worse`, `fine` or `undecided`.
        findings: The finding for each stream.
        answers: Answers of the new side in the present step.
        needed: How many answers a step needs before it can be called fine.
    """

    verdict: Verdict
    findings: tuple[Finding, ...]
    answers: int
    needed: int

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings for which the new side is worse."""
        return tuple(finding for finding in self.findings if finding.worse)


def answers_needed(rate: float) -> int:
    """Return how many good answers in a row rule out a rate of bad ones, 19 times in 20.

    Args:
        rate: The rate of bad answers, above 0 and below 1.

    Source: the rule of three in its exact form, ``(1 - rate) ** n <= 1 / 20``.
    """
    return math.ceil(math.log(1 / 20) / math.log1p(-rate))


ENOUGH = answers_needed(0.01)
"""Answers of the new side that a step needs before it can be called fine: 299."""


def judge(trial: Trial, answers: int, needed: int = ENOUGH) -> Judgement:
    """Return the verdict on the new side.

    Args:
        trial: All answers since the comparison began, over all steps.
        answers: How many answers the new side has given in the present step.
        needed: How many answers the step needs before it can be called fine.
    """
    findings = tuple(
        Finding(stream.name, each.old, each.new, each.value, 1 / stream.alpha)
        for stream, each in zip(trial.streams, trial.evidence, strict=True)
    )
    verdict: Verdict = "fine" if answers >= needed else "undecided"
    if any(finding.worse for finding in findings):
        verdict = "worse"
    return Judgement(verdict, findings, answers, needed)


def once_per_client(
    answers: Iterable[tuple[str, Counts]], known: frozenset[tuple[str, str]] = frozenset()
) -> tuple[Counts, frozenset[tuple[str, str]]]:
    """Add up answers so that each kind of bad answer counts once for each client.

    A client that retries gets several bad answers from one fault; counting each would raise false
    alarms.

    Args:
        answers: Pairs of a client's name and one or more answers, in order.
        known: Clients and kinds of bad answers that were counted before.

    Returns:
        The sum, and `known` with the newly counted clients and kinds.
    """
    total, met = Counts(), set(known)
    for client, counts in answers:
        bad = {
            stream.name: 1
            for stream in STREAMS
            if getattr(counts, stream.name) and (client, stream.name) not in met
        }
        met.update((client, name) for name in bad)
        total += Counts(counts.answers, **bad)
    return total, frozenset(met)


def _from_new(share: float, ratio: float) -> float:
    """Return the probability that a bad answer came from the new side."""
    return share * ratio / (share * ratio + 1 - share)
