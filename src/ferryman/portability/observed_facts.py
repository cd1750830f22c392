"""Merges the facts of a run with those of the code into one fact for each subject, at its line."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.app_keys import app_key
from ferryman.portability.reading.code_facts import once
from ferryman.portability.reading.running_code import RunningCode
from ferryman.portability.reading.state_patterns import change_place, session_word

__all__ = ("app_place", "joined", "second_process")

_SIGNS_OUT = (301, 302, 303, 307, 401, 403)
"""Statuses with which apps answer visitors who are not signed in."""

_DEFAULT_BODY = 1024**2
"""aiohttp's default client_max_size: the app did not choose it, so it is not a finding."""

# The run knows only the handler of these facts. The code knows the exact line.
_AT_HANDLER = {"M102", "M702"}


def joined(
    running: RunningCode, written: Sequence[Fact], found: Mapping[str, Any]
) -> tuple[Fact, ...]:
    """Return the merged facts of a run and of the code.

    Args:
        running: The code.
        written: The facts from reading the code.
        found: The record of the probe.
    """
    facts = list(written)
    for fact in (Fact.from_json(each) for each in found["facts"]):
        fact = _on_definition(running, fact)
        if not fact.place.file:
            facts += _placed(running, facts, fact)
        elif fact.code in _AT_HANDLER:
            facts = _refined(facts, fact)
        else:
            facts.append(fact)
    facts += _made(running, found["made"])
    facts += _changes(running, facts, found["changes"])
    connected = {fact.place for fact in facts if fact.code == "M502"}
    return once(f for f in facts if f.code != "M501" or f.place not in connected)


def app_place(running: RunningCode, module: str) -> Place:
    """Return the line that creates the app: the place of facts without a line of their own."""
    named = running.code.modules.get(module)
    for each in (*([named] if named else []), *running.code.modules.values()):
        for node in ast.walk(each.tree):
            if isinstance(node, ast.Call) and each.dotted(node.func).endswith("web.Application"):
                return Place(each.file, node.lineno)
    return Place(named.file if named else "pyproject.toml", 1)


def second_process(
    running: RunningCode, first: Mapping[str, Any], second: Mapping[str, Any]
) -> Iterator[Fact]:
    """Yield a fact if a second process does not accept the cookies that the first process set.

    Args:
        running: The code.
        first: The first process's status and handler of each request, by the request's name.
        second: The second process's, to which the same cookies were sent.
    """
    for name, (status, handler) in first.items():
        other = second.get(name, [None])[0]
        if status is not None and status < 300 and other in _SIGNS_OUT:
            fact = Fact("M304", Place(*handler), f"{name}: a second process answers {other}")
            yield _on_definition(running, fact)
            return


def _on_definition(running: RunningCode, fact: Fact) -> Fact:
    """Return a fact with the line of `def`; the run knows only the line of the decorator."""

    def line(place: Place) -> Place:
        function = running.code.functions.get((place.file, place.line))
        return function.place if function else place

    handler = line(fact.handler) if fact.handler else None
    return replace(fact, place=line(fact.place), handler=handler)


def _placed(running: RunningCode, facts: Sequence[Fact], fact: Fact) -> Iterator[Fact]:
    """Yield a fact that the run found without a line, unless the code shows it too."""
    if fact.code == "M103":
        if (fact.amount or 0) > _DEFAULT_BODY:
            yield replace(fact, place=_keyword_place(running, "client_max_size"))
    elif not any(each.code == fact.code for each in facts):
        yield replace(fact, place=running.app)


def _keyword_place(running: RunningCode, name: str) -> Place:
    for module in running.code.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.keyword) and node.arg == name:
                return Place(module.file, node.value.lineno)
    return running.app


def _refined(facts: list[Fact], seen: Fact) -> list[Fact]:
    """Return facts with one more from the run, or with its amount if the code has that fact."""
    same = [f for f in facts if f.code == seen.code and seen.place in (f.handler, f.place)]
    if not same:
        return [*facts, seen]
    if seen.amount is None:
        return facts
    ends = "" if same[0].amount else ", without end"
    exact = replace(same[0], amount=seen.amount, what=f"{same[0].what}{ends}")
    return [exact if fact is same[0] else fact for fact in facts]


def _made(running: RunningCode, made: Sequence[Sequence[str]]) -> Iterator[Fact]:
    """Yield the objects that modules created at import, at the line of their assignment."""
    for name, bare, what in made:
        module = running.code.modules.get(name)
        value = module.assigned.get(bare) if module else None
        if module and value:
            yield Fact("M305", Place(module.file, value.lineno), f"{name} creates {what}")


def _changes(
    running: RunningCode, facts: Sequence[Fact], changes: Sequence[Mapping[str, Any]]
) -> Iterator[Fact]:
    """Yield the changes of memory that the run saw and the code does not show."""
    for change in changes:
        root = change["root"]
        session = change["session"] or session_word(change["path"])
        known = next((f for f in facts if f.about == root), None)
        if known and (known.code == "M303" or not session):
            continue
        kind = "M301" if root.startswith("app[") else "M302"
        place = known.place if known else _change_place(running, change)
        what = f"requests change {change['path']}"
        yield Fact("M303" if session else kind, place, what, about=root)


def _change_place(running: RunningCode, change: Mapping[str, Any]) -> Place:
    root, owner, name = change["root"], change["owner"], change["name"]
    modules = running.code.modules
    if owner and owner[0] in modules:
        place = change_place(modules[owner[0]], owner[1], name)
        if place:
            return place
    above = next((modules[each] for each in _prefixes(root) if each in modules), None)
    return (above and change_place(above, "", name)) or _key_place(running, root) or running.app


def _prefixes(dotted: str) -> Iterator[str]:
    """Yield the prefixes of a dotted name, the longest first."""
    while "." in dotted:
        dotted = dotted.rpartition(".")[0]
        yield dotted


def _key_place(running: RunningCode, label: str) -> Place | None:
    """Return the line that sets a key of the app."""
    for module in running.code.modules.values():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Store):
                continue
            if app_key(running.code, module, node.slice) == label:
                return Place(module.file, node.lineno)
    return None
