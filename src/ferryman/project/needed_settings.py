"""The settings that an app needs, `[tool.ferryman.settings]`: values, and references to secrets.

A value that looks like a secret is refused, because everyone with the project can read the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints

from ferryman.core.secret_references import Reference, parse_reference

__all__ = ("NeededSettings", "baked", "plain_values", "reference_for")

VariableName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

TARGETS = ("lambda", "server", "k8s")

_SECRET_NAME = re.compile(r"(PASSWORD|PASSWD|SECRET|TOKEN|PRIVATE_KEY|API_KEY)$", re.IGNORECASE)
_PASSWORD = re.compile(r"^[a-z][a-z0-9+.-]*://[^/@\s]*:[^/@\s]+@", re.IGNORECASE)
_FORMS = 'a value, { value = "..." }, { secret = "aws-sm:..." } or { required = true }'


def _check(given: Any) -> Any:
    if isinstance(given, bool):
        return "true" if given else "false"
    if isinstance(given, str | int | float):
        return str(given)
    if not isinstance(given, Mapping) or len(given) != 1:
        raise ValueError(f"a setting is {_FORMS}")
    ((form, content),) = given.items()
    if form == "value" and isinstance(content, str):
        return {"value": content}
    if form == "required" and content is True:
        return {"required": True}
    if form == "secret":
        return {"secret": _references(content)}
    raise ValueError(f"a setting is {_FORMS}")


def _references(content: Any) -> dict[str, str]:
    """Return the references of a secret by target, from one for all targets or one for each."""
    given = content if isinstance(content, Mapping) else dict.fromkeys(TARGETS, content)
    if not given or not given.keys() <= {*TARGETS}:
        raise ValueError(f"a secret has one reference, or one for each of {', '.join(TARGETS)}")
    for text in given.values():
        if not isinstance(text, str):
            raise ValueError("a reference is a text, in quotes")
        parse_reference(text)
    if not isinstance(content, Mapping) and parse_reference(content).kind in ("k8s", "file"):
        given = {target: text for target, text in given.items() if target != "lambda"}
    return dict(given)


def _refuse_secrets(settings: Mapping[str, Any]) -> Mapping[str, Any]:
    for name, given in settings.items():
        if isinstance(given, str) and given and _looks_secret(name, given):
            raise ValueError(
                f"{name} looks like a secret, and this file is for everybody to read: write a "
                'reference, { secret = "aws-sm:..." }, or { value = "..." } if it is not a secret'
            )
    return settings


def _looks_secret(name: str, value: str) -> bool:
    return bool(_SECRET_NAME.search(name) or _PASSWORD.match(value))


NeededSetting = Annotated[Any, AfterValidator(_check)]
"""One setting, as `_check` returns it: a text, or a table with one key."""

NeededSettings = Annotated[Mapping[VariableName, NeededSetting], AfterValidator(_refuse_secrets)]


def plain_values(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings that are not secret, by name."""
    texts = {
        name: given["value"] if isinstance(given, Mapping) and "value" in given else given
        for name, given in settings.items()
    }
    return {name: text for name, text in texts.items() if isinstance(text, str)}


def reference_for(target: str, given: Any) -> Reference | None:
    """Return a target's reference to a secret, or None."""
    if not isinstance(given, Mapping) or "secret" not in given:
        return None
    text = given["secret"].get(target)
    return parse_reference(text) if text else None


def baked(given: Any, target: str) -> object:
    """Return a setting as a target's artifact holds it.

    Servers and pods use the same image: without a reference for servers, it is the pod's.
    """
    if isinstance(given, str):
        return given
    if "value" in given:
        return given["value"]
    order = (target, "k8s") if target == "server" else (target,)
    for each in order:
        if reference := reference_for(each, given):
            return {"secret": str(reference)}
    return {"required": True}
