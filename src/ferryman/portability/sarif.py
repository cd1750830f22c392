"""Findings as SARIF 2.1.0, which code hosts and editors read.

Source: "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", OASIS Standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from ferryman.portability.finding import Finding
from ferryman.portability.options import Ignored
from ferryman.portability.rule_catalog import RULES
from ferryman.portability.survey import Survey

__all__ = ("sarif_log",)

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_PAGE = "https://ferryman-py.github.io/ferryman/reference/findings.html"


def sarif_log(found: Survey, version: str) -> dict[str, Any]:
    """Return a log with one run, in which ignored findings are suppressed.

    Args:
        found: The findings.
        version: ferryman's version.
    """
    findings = [*((each, None) for each in found.findings), *found.ignored]
    codes = sorted({finding.code for finding, _ in findings})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "ferryman check",
                        "version": version,
                        "informationUri": "https://github.com/ferryman-py/ferryman",
                        "rules": [_rule(code, findings) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(*each, codes) for each in findings],
            }
        ],
    }


def _rule(code: str, findings: list[tuple[Finding, Ignored | None]]) -> dict[str, Any]:
    rule = RULES.get(code)
    if rule is None:  # a rule of ruff
        finding = next(each for each, _ in findings if each.code == code)
        return {
            "id": code,
            "shortDescription": {"text": finding.title},
            "help": {"text": finding.mend},
        }
    return {
        "id": code,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.mend},
        "helpUri": f"{_PAGE}#{code.lower()}",
    }


def _result(finding: Finding, ignored: Ignored | None, codes: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": finding.level,
        "message": {"text": " ".join(_sentences(finding))},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {
                        "uri": quote(finding.place.file),
                        "uriBaseId": "%SRCROOT%",
                    },
                    "region": {"startLine": finding.place.line},
                }
            }
        ],
        "properties": {"targets": {n: e.level for n, e in finding.effects.items()}},
    }
    if ignored:
        result["suppressions"] = [{"kind": "external", "justification": ignored.reason}]
    return result


def _sentences(finding: Finding) -> Iterator[str]:
    yield f"{finding.what[0].upper()}{finding.what[1:]}."
    for name, effect in finding.effects.items():
        yield f"On {name}, {effect.text}."
    yield f"{finding.mend[0].upper()}{finding.mend[1:]}."
