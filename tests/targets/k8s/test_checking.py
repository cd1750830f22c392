"""What `ferryman check -t k8s` finds in what a project would apply, and where it says it is."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ferryman.core.errors import ConfigError

Check = Callable[..., Result]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Check the project shop with this patch, and return how it went."""

    def check(patch: str | None, *arguments: str, more: str = "") -> Result:
        settings = '[project]\nname = "shop"\nversion = "1"\n[tool.ferryman]\napp = "shop:app"\n'
        settings += "[tool.ferryman.k8s]\n"
        if patch is not None:
            (tmp_path / "patch.yaml").write_text(patch, "utf-8")
            settings += 'patch = "patch.yaml"\n'
        (tmp_path / "pyproject.toml").write_text(settings + more, "utf-8")
        command = importlib.import_module("ferryman.cli.check").command
        words = ["-t", "k8s", "-C", str(tmp_path), *arguments]
        return CliRunner().invoke(command, words, standalone_mode=False)

    return check


def test_a_project_without_mistakes_ends_with_0(check: Check) -> None:
    result = check(None)
    assert result.exception is None
    assert (result.return_value, result.stdout) == (0, "")
    assert "no findings" in result.stderr


@pytest.mark.parametrize(
    ("patch", "line", "said"),
    [
        ("kind: Deployment\nspec:\n  replcas: 3\n", 3, "did you mean replicas?"),
        ("kind: Service\n\nspec:\n  type: Loadbalancer\n", 4, "did you mean LoadBalancer?"),
        (
            "kind: Service\nspec: {}\n---\nkind: Deployment\nspec: {paused: 'yes'}\n",
            5,
            "write true",
        ),
        (
            "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n"
            "      - name: shop\n        resources:\n          limits: {memory: 256MB}\n",
            8,
            "256M or 256Mi",
        ),
        (
            "kind: Deployment\nspec:\n  template:\n    spec:\n      tolerations:\n"
            "      - key: spot\n        effect: noSchedule\n",
            7,
            "did you mean NoSchedule?",
        ),
    ],
)
def test_a_mistake_is_named_by_the_line_of_the_patch_and_how_to_mend_it(
    check: Check, patch: str, line: int, said: str
) -> None:
    result = check(patch)
    assert result.return_value == 1
    assert f"patch.yaml, line {line}: K" in result.stdout
    assert said in result.stdout


def test_findings_as_json(check: Check) -> None:
    (finding,) = json.loads(check("kind: Deployment\nspec: {replcas: 3}\n", "--json").stdout)
    assert (finding["code"], finding["subject"]) == ("K001", "Deployment/shop")
    assert (finding["path"], finding["place"]) == ("spec.replcas", "patch.yaml, line 2")


def test_every_environment_is_checked_as_what_it_is(check: Check, tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text("kind: Service\nspec: {type: nodeport}\n", "utf-8")
    more = '[tool.ferryman.env.prod.k8s]\npatch = "prod.yaml"\n'
    (line,) = check(None, more=more).stdout.splitlines()
    assert line.startswith("prod.yaml, line 2: K003 Service/shop spec.type")


def test_a_rule_that_is_ignored_is_not_told(check: Check) -> None:
    assert check("kind: Service\nspec: {type: nodeport}\n", more='ignore = ["K003"]\n').stdout == ""


BOMB = (
    "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
    + "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "kind: Deployment\n"
)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BOMB, "expands to more than 1,000,000 values"),
        ("kind: Deployment\nspec: &s {a: *s}\n", "alias *s contains itself"),
        ("[" * 600 + "]" * 600, "nested more than 100 levels deep"),
        ('{"kind": "Deployment", "spec": ' + '{"a": ' * 600 + "1" + "}" * 601, "levels deep"),
        ("kind: Deployment\nspec: {replicas: " + "9" * 5000 + "}\n", "a number of 5,000 digits"),
        ("kind: Deployment\nspec: {replicas: 2020-99-99}\n", "is not valid YAML"),
        ("kind: [Deployment\n", "is not valid YAML"),
        ("\xff\xfe\x00kind", "is not valid YAML"),
        ("kind: !!python/object:os.system x\n", "is not valid YAML"),
    ],
)
def test_hostile_yaml_is_refused_with_its_place(check: Check, text: str, said: str) -> None:
    error = check(text).exception
    assert isinstance(error, ConfigError), error
    assert "patch.yaml" in error.message
    assert said in error.message
