"""Writes a plan as Markdown, for a pull request or a runbook."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.migrate.planning.plan import Plan
from ferryman.records.wording import counted, three_digits

__all__ = ("as_markdown",)


def as_markdown(plan: Plan) -> str:
    """Return a plan as Markdown."""
    return "\n".join(
        (
            f"# From {plan.old} to {plan.new}, at {plan.rate:.3g} requests a second",
            *_verdict(plan),
            *_steps(plan),
            *_address(plan),
            *_money(plan),
            *_differences(plan),
            *_warnings(plan),
        )
    )


def _verdict(plan: Plan) -> Iterator[str]:
    if plan.refusals:
        yield from ("", "**The migration cannot work like this:**", "")
        yield from (f"- {why}" for why in plan.refusals)


def _steps(plan: Plan) -> Iterator[str]:
    known = any(stage.connections is not None for stage in plan.stages)
    columns = [f"{plan.new} has", "for at least", "bad responses at worst", plan.unit]
    columns += ["database connections"] if known else []
    columns.append("cost of both sides")
    yield from ("", "## Steps", "", _row(columns), _row(["---"] * len(columns)))
    for stage in plan.stages:
        cells = [f"{stage.weight} %", _duration(stage.hours), str(stage.bad), f"{stage.units:,}"]
        cells += [str(stage.connections)] if known else []
        yield _row([*cells, f"{stage.usd:,.2f} USD"])
    yield from (
        "",
        f"All steps take at least {_duration(plan.hours)}, because each waits for {plan.needed} "
        f"responses of {plan.new}. If one response in twenty fails there, clients get at most this "
        "many bad responses before the traffic goes back, 99 times in 100. The number of "
        f"{plan.unit} is what {plan.new} needs for that share of the busiest hour.",
        "",
        f"Set `steps = {list(plan.steps)}` in [tool.ferryman.migrate].",
    )


def _address(plan: Plan) -> Iterator[str]:
    name = plan.front.address or "The address that clients use"
    yield from ("", "## The clients' address", "")
    yield f"{name}: {plan.front.way or 'it cannot be moved, for the reason above.'}"


def _money(plan: Plan) -> Iterator[str]:
    money = plan.money
    yield from (
        "",
        "## Money",
        "",
        _row(["", "USD a day"]),
        _row(["---", "---"]),
        _row([f"{plan.old} alone ({plan.old_platform})", f"{money.before:,.2f}"]),
        _row(["both, until `finish`", f"{money.both:,.2f}"]),
        _row([f"{plan.new} alone ({plan.new_platform})", f"{money.after:,.2f}"]),
    )


def _differences(plan: Plan) -> Iterator[str]:
    if not plan.differences:
        return
    yield from ("", "## What differs", "", _row(["", plan.old, plan.new]), _row(["---"] * 3))
    yield from (_row([each.name, each.old, each.new]) for each in plan.differences)


def _warnings(plan: Plan) -> Iterator[str]:
    yield from ("", "## Before it begins", "")
    yield from (f"- {warning}" for warning in plan.warnings)
    yield (
        "- Run `ferryman check` to find what in the app does not work on the new side. To compare "
        "responses, run `ferryman check --parity` on this machine, and `ferryman migrate verify` "
        "with both deployed sides"
    )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _duration(hours: float) -> str:
    if hours >= 48:
        return counted(hours / 24, "day")
    return f"{three_digits(hours)} h" if hours >= 1 else f"{max(1, round(hours * 60))} min"
