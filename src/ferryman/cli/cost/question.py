"""The question that options ask: a workload, platforms and prices; and its study."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferryman.cli.cost.answer_options import OutputOptions, QuestionOptions
from ferryman.cli.cost.asked_workload import asked_workload
from ferryman.cli.cost.options import about, naming_flags, read_group
from ferryman.cli.cost.platform_options import (
    FunctionOptions,
    PlatformOptions,
    ServerOptions,
    check_servers,
    given_platforms,
    make_choices,
)
from ferryman.cli.cost.values import field_name
from ferryman.cli.cost.workload_options import TrafficOptions, WorkloadOptions
from ferryman.core.errors import ConfigError
from ferryman.cost.compare import Comparison, compare
from ferryman.cost.money import Money
from ferryman.cost.number_format import MONTH_SECONDS, plain
from ferryman.cost.platforms.catalog import ALL, USUAL_TASK, Choices, make_platforms, sold
from ferryman.cost.platforms.fargate import Fargate, TaskRuns
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.prices.book import PriceBook, load_book
from ferryman.cost.ranges import Range, usual_ranges
from ferryman.cost.study import (
    Study,
    with_bands,
    with_growth,
    with_influences,
    with_input_scans,
    with_memory_advice,
    with_savings,
)
from ferryman.cost.workload import Workload

if TYPE_CHECKING:
    from ferryman.cost.measured import MeasuredInputs
    from ferryman.cost.traffic.log_summary import LogSummary

__all__ = (
    "GROUPS",
    "CostOptions",
    "Question",
    "answer",
    "ask",
    "read_options",
    "read_workload",
)

GROUPS: tuple[type, ...] = (
    WorkloadOptions,
    TrafficOptions,
    PlatformOptions,
    ServerOptions,
    FunctionOptions,
    QuestionOptions,
    OutputOptions,
)
"""The groups of options, in the order in which the help has them."""

RARE = 1.0
"""Requests a second below which more requests start cold than assumed.

The assumed share of cold starts was measured at this rate.
"""


@dataclass(frozen=True, slots=True)
class CostOptions:
    """Every option of `ferryman cost`, group by group.

    Attributes:
        given: The options that were set, and do not have their defaults.
    """

    workload: WorkloadOptions
    traffic: TrafficOptions
    platforms: PlatformOptions
    servers: ServerOptions
    function: FunctionOptions
    question: QuestionOptions
    output: OutputOptions
    given: frozenset[str]


def read_options(values: dict[str, Any], given: frozenset[str]) -> CostOptions:
    """Return the options from the command line's values by name."""
    names = (each.name for each in fields(CostOptions) if each.name != "given")
    pairs = zip(names, GROUPS, strict=True)
    groups: dict[str, Any] = {name: read_group(group, values) for name, group in pairs}
    return CostOptions(**groups, given=given)


@dataclass(frozen=True, slots=True)
class Question:
    """One question to the cost model.

    Args:
        workload: The workload.
        platforms: The platforms to compare.
        book: The prices.
        origins: Where the fields of the workload that are not defaults came from: ``given``,
            ``logs`` or ``measured``.
        function: The Lambda function that memory advice is for.
        left_out: Platforms that were not named and cannot be priced, with the reasons.
        logs: The figures from logs; None without logs.
        measured: The measurement; None without one.
    """

    workload: Workload
    platforms: tuple[Platform, ...]
    book: PriceBook
    origins: Mapping[str, str]
    function: LambdaFunction
    left_out: tuple[str, ...] = ()
    logs: LogSummary | None = None
    measured: MeasuredInputs | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the inputs, and on platforms that are left out."""
        return *self.left_out, *self._cold_notes, *self._measured_notes

    @property
    def _cold_notes(self) -> tuple[str, ...]:
        """Whether so little traffic starts cold more often than is assumed."""
        work, rate = self.workload, float(self.workload.requests) / MONTH_SECONDS
        bought = any(platform.name.startswith("Lambda ") for platform in self.platforms)
        if not bought or "cold_start_share" in self.origins or not 0 < rate < RARE:
            return ()
        from ferryman.cost.cold_starts import expected

        share = expected(rate, float(work.wall_ms) / 1000).share
        if share < 3 * float(work.cold_start_share):
            return ()
        return (
            f"at {rate:.2g} requests a second some {share:.1%} start cold, not the assumed"
            f" {work.cold_start_share:.2%}; --cold-starts {share:.2g} takes that into account",
        )

    @property
    def _measured_notes(self) -> tuple[str, ...]:
        if self.measured is None:
            return ()
        told = self.measured.values["cpu_ms"]
        if self.origins["cpu_ms"] == "measured" and told > self.workload.cpu_ms:
            short = f"{plain(told)} ms of CPU were measured, and {plain(self.workload.cpu_ms)} fit"
            return (*self.measured.notes, f"{short} into the duration: the servers may be too few")
        return self.measured.notes

    @property
    def ranges(self) -> dict[str, Range]:
        """The ranges of the inputs: measured ones if there are any, else the usual ones."""
        told = self.measured.ranges if self.measured else {}
        own = {name: x for name, x in told.items() if self.origins[name] == "measured"}
        return usual_ranges(self.workload) | own


def ask(options: CostOptions) -> Question:
    """Return the question that the options ask.

    Raises:
        ConfigError: An option is wrong, or a file cannot be read.
    """
    workload, origins, logs, measured = read_workload(options)
    choices = make_choices(options.platforms, options.servers, options.function)
    book = _read_book(options.question.prices)
    check_servers(options.platforms, options.servers, book)
    platforms = _platforms(options.platforms, choices)
    left_out: tuple[str, ...] = ()
    if "platforms" not in options.given or options.platforms.everything:
        platforms, left_out = sold(platforms, workload, book)
    return Question(
        workload=workload,
        platforms=_with_floors(platforms, options, choices),
        book=book,
        origins=origins,
        left_out=left_out,
        function=choices.function,
        logs=logs,
        measured=measured,
    )


def read_workload(
    options: CostOptions,
) -> tuple[Workload, dict[str, str], LogSummary | None, MeasuredInputs | None]:
    """Return the workload, the origins of its fields, the logs and the measurement.

    Raises:
        ConfigError: A number is wrong, or a file cannot be read.
    """
    logs = _read_logs(options)
    sources = [("logs", logs.inputs)] if logs else []
    measured = _read_measured(options, logs)
    if measured:
        sources.append(("measured", measured.values))
    found = {
        "logs": logs.sizes if logs else None,
        "measured": measured.sizes if measured else None,
    }
    with naming_flags(WorkloadOptions):
        workload, origins = asked_workload(options, sources, logs, found)
    return workload, origins, logs, measured


def answer(question: Question, options: QuestionOptions, *, whole: bool) -> Study:
    """Return the study that answers a question.

    Args:
        question: The question.
        options: The questions beside the bills.
        whole: Whether to include memory advice even if no option asks for it, as on a page.

    Raises:
        ConfigError: A price is missing, or an option names something that does not exist.
    """
    study = Study(
        _compare(question, options),
        origins=question.origins,
        ranges=dict(options.ranges) or question.ranges,
        measured=question.measured,
        doubts=question.measured.measurement.doubts if question.measured else (),
        logs=question.logs,
        notes=question.notes,
    )
    study = with_savings(with_influences(with_bands(study, options.draws)))
    _check_current(options.current, question.platforms)
    study = with_growth(study, options.months, options.current, date.today())
    if options.advise_memory:
        study = with_memory_advice(study, question.function)
    elif whole:
        study = with_memory_advice(study)
    if options.currency or options.tax:
        study = replace(study, money=Money(*(options.currency or ("USD", Decimal(1))), options.tax))
    if options.over:
        with about("--over"):
            study = with_input_scans(study, options.over, field_name(options.over))
    return study


def _check_current(name: str | None, platforms: Iterable[Platform]) -> None:
    names = [each.name for each in platforms]
    if name is not None and name not in names:
        raise ConfigError(
            f"--current: {name!r} is not compared", hint=f"there are {'; '.join(names)}"
        )


def _compare(question: Question, options: QuestionOptions) -> Comparison:
    return compare(
        question.workload,
        question.platforms,
        levels=options.levels or None,
        horizon=options.horizon,
        pairs="all" if options.pairs else "kinds",
        book=question.book,
    )


def _platforms(options: PlatformOptions, choices: Choices) -> tuple[Platform, ...]:
    names = ALL if options.everything else options.platforms
    return *make_platforms(names, choices), *given_platforms(options, choices)


def _with_floors(
    platforms: tuple[Platform, ...], options: CostOptions, choices: Choices
) -> tuple[Platform, ...]:
    told = options.platforms
    if (told.hourly is None) != (not told.ops_hours):
        raise ConfigError(
            "--ops-hours and --hourly belong together",
            hint="write --ops-hours server=2,lambda=0.5 --hourly 80",
        )
    if options.output.reconcile:
        return platforms
    if told.ops_hours and told.hourly is not None:
        from ferryman.cost.platforms.work import with_work

        platforms = with_work(platforms, told.ops_hours, told.hourly)
    if told.stores or options.servers.task_runs:
        from ferryman.cost.platforms.store import parse_store, with_stores

        stores = (*map(parse_store, told.stores), *_task_runs(options.servers, choices))
        platforms = tuple(with_stores(each, stores, told.region) for each in platforms)
    return platforms


def _task_runs(servers: ServerOptions, choices: Choices) -> Iterator[TaskRuns]:
    if servers.task_runs:
        task = Fargate(
            *(choices.task or USUAL_TASK), choices.architecture, disk_gb=choices.task_disk_gb
        )
        yield TaskRuns(task, *servers.task_runs)


def _read_logs(options: CostOptions) -> LogSummary | None:
    if not (options.traffic.logs or options.traffic.log_group):
        return None
    from ferryman.cli.cost.logs import read_workload_logs

    region = options.platforms.region if "region" in options.given else None
    return read_workload_logs(options.traffic, region)


def _read_book(path: Path | None) -> PriceBook:
    if path is None:
        return load_book()
    from ferryman.cost.prices.overlay import with_overlay

    with about("--prices"):
        return with_overlay(load_book(), path)


def _read_measured(options: CostOptions, logs: LogSummary | None) -> MeasuredInputs | None:
    path = options.traffic.measured
    if path is None:
        return None
    from ferryman.cost.measured import measured_inputs
    from ferryman.records.measurement_file import read_measurement

    memory_mib = options.workload.memory_mib
    if logs and "memory_mib" not in options.given:
        memory_mib = logs.inputs.get("memory_mib", memory_mib)
    with about("--measured"):
        return measured_inputs(read_measurement(path), memory_mib)
