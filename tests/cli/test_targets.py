"""`ferryman targets`: the installed targets, and what each supports."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from ferryman.cli.main import cli
from ferryman.targets.registry import installed_targets


def test_each_target_is_listed_with_what_it_offers() -> None:
    done = CliRunner().invoke(cli, ["targets"])
    assert (done.exit_code, done.stderr) == (0, "")
    shown: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, _, summary = line.partition(": ")
        if not line.startswith(" "):
            assert summary
            shown[name] = []
        else:
            shown[list(shown)[-1]].append(line.strip())
    assert list(shown) == ["k8s", "lambda", "server"]
    assert "websockets: no" in shown["lambda"]
    assert "websockets: yes" in shown["server"]
    assert "largest response: no limit" in shown["server"]


@pytest.mark.parametrize("name", ["k8s", "lambda", "server"])
def test_the_list_is_printed_as_json(name: str) -> None:
    done = CliRunner().invoke(cli, ["targets", "--json"])
    rows = {row.pop("target"): row for row in json.loads(done.stdout)}
    target = installed_targets()[name]
    capabilities = target.capabilities._asdict()
    assert rows[capabilities.pop("target")] == {"summary": target.summary, **capabilities}
