"""Explains contradicting requirements: names ferryman or the project as their source.

uv says "you require" for every line of its input, the user's and ferryman's.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from packaging.requirements import Requirement

from ferryman.building.dependencies import name_of
from ferryman.building.uv import NoWheels
from ferryman.core.errors import ConfigError

__all__ = ("hold_pins_to", "naming_who_requires")

_REQUIREMENT = r"[\w.-]+(?:\[[\w.,-]*\])?(?:[<>=!~]\S*?)?"
_PIN = re.compile(r"[\w.-]+(?:\[[^\]]*\])?\s*===?\s*([^\s;,*]+)(?![\w.*])")
_TWO = re.compile(rf"you require ({_REQUIREMENT}) and (?!you )(?={_REQUIREMENT}(?:[,.]?\s|[,.]?$))")

_REQUIRED = re.compile(rf"you require ({_REQUIREMENT}?)(?=[,.]?(?:\s|$))")
_BOUNDED = r"[\w.-]+[<>=!~][^\s,]+(?:,[<>=!~][^\s,]+)*"
_MARKER = re.compile(r"\{[^{}]*\}(?=[<>=!~])")


def hold_pins_to(
    needed: Sequence[str],
    requirements: Sequence[str],
    place: Path,
    target: str,
    programs: Collection[str] = (),
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Check the versions that a project pins against the target's requirements.

    Args:
        needed: The target's requirements, as lines of a requirements file.
        requirements: The project's requirements, likewise.
        place: The file of the project's requirements.
        target: The word for the target in errors.
        programs: Packages that run the app and that it does not import: the target's own version
            takes precedence over a pin.

    Returns:
        The project's lines, without programs whose pins do not fit; and a note on each of those.

    Raises:
        ConfigError: The project pins a version that does not fit.
    """
    wanted = {name_of(line): Requirement(line) for line in needed}
    kept, notes = [], []
    for line in requirements:
        pin, want = _PIN.match(line), wanted.get(name_of(line))
        if pin is None or want is None or want.specifier.contains(pin[1], prereleases=True):
            kept.append(line)
            continue
        said = f"the {target} needs {want}; {_where(place, line)} pins {pin[1]}"
        if want.name not in programs:
            raise ConfigError(
                said,
                hint=f"pin a version of {want.name} that fits, and lock again where there is"
                " a lock",
            )
        notes.append(f"{said}, which does not ship")
    return tuple(kept), tuple(notes)


def _where(place: Path, line: str) -> str:
    """Return the file, with the number of the line that begins like this one, if there is one."""
    begins = line.partition(" ")[0]
    try:
        lines = place.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    found = [number for number, text in enumerate(lines, 1) if text.strip().startswith(begins)]
    return f"{place.name}:{found[0]}" if found else place.name


@contextmanager
def naming_who_requires(ours: Sequence[str], place: str) -> Iterator[None]:
    """Name ferryman or the project, in an error of the block, as the one that requires something.

    Args:
        ours: The lines that ferryman adds.
        place: The source of the project's own lines, such as `uv.lock`.

    Raises:
        ConfigError: The block's error, reworded.
    """
    try:
        yield
    except NoWheels:
        raise
    except ConfigError as error:
        if "you require" not in (error.cause or ""):
            raise
        cause = _in_words(str(error.cause), ours, place)
        hint = error.hint
        for line in ours:
            if f"ferryman requires {line}" in cause:
                hint = f"allow {line} in {place}, and take versions of the others that do"
                # uv says what a package of ferryman's needs, if that is what contradicts.
                if needed := re.search(rf"\b{name_of(line)}\S* depends on ({_BOUNDED})", cause):
                    hint = f"allow {needed[1]} in {place}, which {name_of(line)} needs"
        raise ConfigError(error.message, cause=cause, hint=hint) from None


def _in_words(cause: str, ours: Sequence[str], place: str) -> str:
    cause = _MARKER.sub("", cause)
    while _TWO.search(cause):
        cause = _TWO.sub(r"you require \1 and you require ", cause)
    for line in ours:
        # uv leaves bounds out that do not matter, such as the upper one.
        for said in _REQUIRED.findall(cause):
            bounds, asked = Requirement(line), Requirement(said)
            if asked.name == bounds.name and {*asked.specifier} <= {*bounds.specifier}:
                cause = cause.replace(f"you require {said}", f"ferryman requires {line}")
    names = {name_of(line) for line in ours}
    derived = re.compile(rf"conclude that you require (?={'|'.join(names)})") if names else None
    if derived:
        cause = derived.sub("conclude that the project requires ", cause)
    return cause.replace("you require", f"{place} requires")
