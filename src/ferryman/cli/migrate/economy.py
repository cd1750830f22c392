"""The cost model's figures for both sides, for `plan` and `follow`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.cli.cost.question import Question
    from ferryman.cost.partial_load import PartialLoad
    from ferryman.migrate.options import MigrateOptions
    from ferryman.project.project import Project

__all__ = ("Economy", "open_economy", "target_of")

_MEASUREMENT = "ferryman-measure.json"
_DOORS = {"http-api": "lambda-http-api", "rest-api": "lambda-rest-api", "alb": "lambda-alb"}


@dataclass(frozen=True)
class Economy:
    """A workload with the platforms of both sides.

    Attributes:
        question: The question to the cost model that the project's settings ask.
        old: The old side's platform.
        new: The new side's platform.
    """

    question: Question
    old: PartialLoad
    new: PartialLoad

    @property
    def quietest(self) -> tuple[float, int]:
        """The rate of the quietest hour that has requests, and the hours that have none."""
        from ferryman.cost.number_format import MONTH_SECONDS

        work = self.question.workload
        mean = float(work.requests) / MONTH_SECONDS
        if work.shape is None:
            return mean, 0
        weights = [float(weight) for weight in work.shape.weights if weight]
        return mean * min(weights), len(work.shape.weights) - len(weights)

    @property
    def assumed(self) -> str:
        """The assumptions that matter, in words; empty if there are none."""
        missing = {"wall_ms", "cpu_ms"} - self.question.origins.keys()
        if not missing:
            return ""
        return (
            "durations are assumed, so costs and capacities are rough: run `ferryman measure`, "
            "whose file in the project's directory this command reads"
        )


def open_economy(
    project: Project,
    options: MigrateOptions,
    old: str,
    new: str,
    overlay: str | None,
    rate: float | None = None,
) -> Economy:
    """Return the cost model's figures for both sides, from the project's settings.

    Args:
        project: The project.
        options: The migration's settings.
        old: The side that the traffic leaves.
        new: The side that it goes to.
        overlay: The name of the overlay.
        rate: Requests a second, if the settings do not give them.

    Raises:
        ConfigError: A setting is wrong, or the amount of traffic is unknown.
    """
    from ferryman.cli.cost.platform_options import make_choices
    from ferryman.cli.cost.question import ask
    from ferryman.cost.partial_load import partial_load
    from ferryman.cost.platforms.catalog import make_platforms

    told = _told(project.root, overlay)
    if not {"requests", "logs", "log_group"} & told.keys():
        if rate is None:
            raise ConfigError(
                "the amount of traffic is unknown",
                hint="pass --rate, or set requests or logs in [tool.ferryman.cost]",
            )
        told["requests"] = f"{rate:f}/s"
    cost = _options(told)
    question = ask(cost)
    choices = make_choices(cost.platforms, cost.servers, cost.function)
    loads = [
        partial_load(
            make_platforms((_platform(project, options, name),), choices)[0],
            question.workload,
            question.book,
        )
        for name in (old, new)
    ]
    return Economy(question, loads[0], loads[1])


def target_of(options: MigrateOptions, name: str) -> str:
    """Return the target that a side runs on."""
    from ferryman.migrate.opening import side_of

    told = side_of(options, name).target
    if told:
        return told
    if options.shifter == "alias":
        return "lambda"
    return next((known for known in ("lambda", "k8s") if known in name.lower()), "server")


def _platform(project: Project, options: MigrateOptions, name: str) -> str:
    from ferryman.migrate.opening import side_of

    told = side_of(options, name).platform
    if told:
        return told
    target = target_of(options, name)
    if target != "lambda":
        return "eks" if target == "k8s" else "fargate"
    if options.shifter == "alb":
        return "lambda-alb"
    deploy = getattr(project.sections.get("lambda"), "deploy", None)
    return _DOORS.get(getattr(deploy, "door", ""), "lambda-url")


def _told(root: Path, overlay: str | None) -> dict[str, Any]:
    from ferryman.cli.cost.section import read_settings

    told = dict(read_settings(root, overlay))
    if "measured" not in told and (root / _MEASUREMENT).is_file():
        told["measured"] = str(root / _MEASUREMENT)
    return told


def _options(told: Mapping[str, Any]) -> Any:
    from ferryman.cli.cost.options import declared
    from ferryman.cli.cost.question import GROUPS, read_options

    values = {
        each.name: each.value(told.get(each.name, each.default)) for each in declared(*GROUPS)
    }
    return read_options(values, frozenset(told))
