"""Targets are found by their entry points; what is wrong with one is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import BaseModel

from ferryman.core.errors import ConfigError
from ferryman.targets.protocols import Address
from ferryman.targets.registry import find_target, installed_targets

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Return a function that installs a package `<name>` with a target, for one test."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(package: str, point: str, code: str) -> None:
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        metadata = tmp_path / f"{module}-1.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1\n")
        (metadata / "entry_points.txt").write_text(f"[ferryman.targets]\n{point} = {module}:Boat\n")

    return install


BOAT = """
from pydantic import BaseModel
class Options(BaseModel):
    speed: int = 1
class Boat:
    name = "boat"
    summary = "a boat"
    options = Options
    capabilities = None
    def build(self, project, out, progress): ...
    runs_like = "server"
"""


def test_the_targets_of_this_package_are_installed() -> None:
    assert list(installed_targets()) == ["k8s", "lambda", "server"]
    for name, target in installed_targets().items():
        assert (target.name, target.capabilities.target) == (name, name)
        assert issubclass(target.options, BaseModel)


def test_another_package_adds_a_target(install: Install) -> None:
    install("boat-plugin-a", "boat", BOAT)
    assert find_target("boat").summary == "a boat"
    assert list(installed_targets()) == ["boat", "k8s", "lambda", "server"]


@pytest.mark.parametrize(
    ("package", "code", "cause"),
    [
        ("boat-plugin-b", "import nowhere_at_all", "ModuleNotFoundError: No module named"),
        ("boat-plugin-c", "", "AttributeError"),
        ("boat-plugin-d", "Boat = 5", "TypeError"),
        ("boat-plugin-e", "raise SystemExit('no')", "SystemExit: no"),
        ("boat-plugin-f", BOAT.replace("summary", "summry"), "Boat has no summary"),
        ("boat-plugin-g", BOAT.replace("speed: int = 1", "speed: int"), "speed"),
        ("boat-plugin-h", "class Boat: name = 'boat'", "no options and no capabilities"),
    ],
)
def test_a_broken_target_names_its_package(
    install: Install, package: str, code: str, cause: str
) -> None:
    install(package, "boat", code)
    with pytest.raises(ConfigError, match="the target 'boat' could not be loaded") as caught:
        installed_targets()
    assert cause in (caught.value.cause or "")
    assert f"the package {package}" in (caught.value.hint or "")


def test_a_target_of_another_name_names_its_package(install: Install) -> None:
    install("boat-plugin-i", "ship", BOAT)
    with pytest.raises(ConfigError, match=r"'ship' in .* leads to .* 'boat'") as caught:
        installed_targets()
    assert "boat-plugin-i" in (caught.value.hint or "")


def test_two_targets_of_one_name_name_both_packages(install: Install) -> None:
    install("boat-plugin-j", "lambda", BOAT.replace('"boat"', '"lambda"'))
    with pytest.raises(ConfigError, match="there are two targets named 'lambda'") as caught:
        installed_targets()
    assert "boat-plugin-j" in (caught.value.cause or "")
    assert "ferryman" in (caught.value.cause or "")


@pytest.mark.parametrize(
    ("name", "hint"), [("lamda", "did you mean 'lambda'?"), ("zzz", "install the package")]
)
def test_an_unknown_target_lists_those_there_are(name: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"there is no target '{name}'") as caught:
        find_target(name)
    assert "k8s, lambda, server" in (caught.value.cause or "")
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("address", "text"), [(Address("h", 80), "h:80"), (Address("::1", 80), "[::1]:80")]
)
def test_an_address_is_written_as_in_a_url(address: Address, text: str) -> None:
    assert str(address) == text
