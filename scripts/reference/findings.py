"""The page of what `ferryman check` finds, with the apps that the tests run."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from scripts.reference.markdown import GENERATED, table

from ferryman.portability.destinations import destinations
from ferryman.portability.finding import Fact, Place
from ferryman.portability.rule_catalog import RULES, Rule
from ferryman.project.project import Project, ProjectFields
from ferryman.targets.registry import installed_targets

__all__ = ("findings_page",)

_EXAMPLES = Path(__file__).parents[2] / "tests" / "portability" / "examples"

# What the app of an example does, where the rule asks how much.
_AMOUNTS: Mapping[str, float] = {
    "M102": math.inf,
    "M103": 100 * 2**20,
    "M104": 6_000_000.0,
    "M105": 120.0,
    "M204": math.inf,
}

_INTRODUCTION = f"""\
{GENERATED}# What `ferryman check` finds

[Check an app](../how-to/check.md) shows how to run it. Each finding has its most serious level on
the targets of the project: an **error** does not work there, a **warning** works less
well or under a condition, a **note** only differs. The tables show the levels at the default
settings; settings change them, such as `server.workers`, `lambda.streaming` or
`server.trusted_proxies`.

Each finding has two small apps: one with the problem, at the line with its code as a comment, and
one that does the same and works on every target. The tests run both. In these apps, `database`
stands for a database client.

If ruff is installed, `ferryman check` also applies ruff's rules `ASYNC` and `RUF006` to handlers,
under their own codes.
"""


def findings_page() -> str:
    """Return the page, as Markdown."""
    rows = [(f"[{code}](#{code.lower()})", rule.title) for code, rule in RULES.items()]
    parts = [_INTRODUCTION, table(("code", "what is found"), rows)]
    return "\n".join([*parts, *(_section(rule) for rule in RULES.values())])


def _section(rule: Rule) -> str:
    directory = _EXAMPLES / rule.code
    found, fixed = (
        (directory / f"{name}.py").read_text(encoding="utf-8") for name in ("found", "mended")
    )
    effects = table(("target", "level", "what happens"), _effects(rule))
    return (
        f"## {rule.code}\n\n**{rule.title[0].upper()}{rule.title[1:]}.** {rule.why}\n\n{effects}\n"
        f"Fix: {rule.mend}.\n\n```python\n{_shown(found)}```\n\n"
        f"Fixed:\n\n```python\n{_shown(fixed)}```\n"
    )


def _effects(rule: Rule) -> Iterator[tuple[str, str, str]]:
    models = {name: target.options for name, target in installed_targets().items()}
    sections = {name: model() for name, model in models.items()}
    project = Project(Path(), ProjectFields(), sections, {})
    fact = Fact(rule.code, Place("app.py", 1), "", _AMOUNTS.get(rule.code))
    for each in destinations(project, ("lambda", "server", "k8s")):
        effect = rule.judge(fact, each)
        if effect:
            yield each.name, effect.level, effect.text


def _shown(code: str) -> str:
    """Return an example, whose mark says what it is."""
    return re.sub(r"  # (M\d{3})$", r"  # <- \1", code, flags=re.MULTILINE)
