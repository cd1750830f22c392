"""A project is resolved from its layers: which one counts, and what is wrong with one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project


class Boat(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    memory: int = Field(default=512, ge=128)
    timeout: int = 30
    tags: tuple[str, ...] = ()
    environment: Mapping[str, str] = {}
    flag: str | None = None
    names: Mapping[Annotated[str, StringConstraints(pattern="^[a-z]$")], str] = {}


pytestmark = pytest.mark.usefixtures("no_variables")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "My_Shop"
    root.mkdir()
    return root


def resolve(root: Path, text: str | None = None, **options: Any) -> Project:
    if text is not None:
        (root / "pyproject.toml").write_text(text)
    return resolve_project(root, {"boat": Boat}, **options)


def boat(project: Project) -> Boat:
    return project.section("boat", Boat)


LAYERED = """
[project]
name = "shop"
version = "1.2"
[tool.ferryman]
app = "shop:table"
[tool.ferryman.boat]
memory = 200
[tool.ferryman.env.prod]
app = "shop:overlay"
[tool.ferryman.env.prod.boat]
memory = 300
"""


@pytest.mark.parametrize(
    ("overlay", "variables", "flags", "app", "memory", "origin"),
    [
        (None, {}, {}, "shop:table", 200, "pyproject.toml [tool.ferryman.boat] memory"),
        (
            "prod",
            {},
            {},
            "shop:overlay",
            300,
            "pyproject.toml [tool.ferryman.env.prod.boat] memory",
        ),
        (
            "prod",
            {"FERRYMAN_APP": "shop:variable", "FERRYMAN_BOAT__MEMORY": "400"},
            {},
            "shop:variable",
            400,
            "environment FERRYMAN_BOAT__MEMORY",
        ),
        (
            "prod",
            {"FERRYMAN_APP": "shop:variable", "FERRYMAN_BOAT": '{"memory": 400}'},
            {"app": "shop:flag"},
            "shop:flag",
            400,
            "environment FERRYMAN_BOAT",
        ),
        (
            "prod",
            {"FERRYMAN_BOAT__MEMORY": "400"},
            {"app": "shop:flag", "boat.memory": "500"},
            "shop:flag",
            500,
            "flag boat.memory",
        ),
    ],
    ids=["table", "overlay", "variables", "JSON variable", "flags"],
)
def test_the_strongest_layer_counts(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    overlay: str | None,
    variables: dict[str, str],
    flags: dict[str, str],
    app: str,
    memory: int,
    origin: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    project = resolve(root, LAYERED, overlay=overlay, flags=flags)
    assert (str(project.app), boat(project).memory) == (app, memory)
    assert project.origins["boat.memory"] == origin


def test_layers_that_each_set_a_part_of_a_section_add_up(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = """
[tool.ferryman.boat]
memory = 200
timeout = 1
[tool.ferryman.boat.environment]
A = "table"
B = "table"
[tool.ferryman.env.prod.boat.environment]
"B.C" = "overlay"
"""
    monkeypatch.setenv("FERRYMAN_BOAT__TIMEOUT", "2")
    flags = {"boat.tags": '["a", "b"]', "boat.environment.B": "flag"}
    project = resolve(root, text, overlay="prod", flags=flags)
    assert boat(project) == Boat(
        memory=200,
        timeout=2,
        tags=("a", "b"),
        environment={"A": "table", "B": "flag", "B.C": "overlay"},
    )
    assert project.origins["boat.flag"] == "default"


def test_the_overlay_can_be_named_by_a_variable(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FERRYMAN_ENV", "prod")
    assert boat(resolve(root, LAYERED)).memory == 300


@pytest.mark.parametrize(
    ("text", "name", "version", "origin"),
    [
        (None, "my-shop", "0.0.0", "the directory's name"),
        ("", "my-shop", "0.0.0", "the directory's name"),
        ('[project]\nversion = "2"', "my-shop", "2", "the directory's name"),
        (
            '[tool.poetry]\nname = "a.b"\nversion = "3"',
            "a-b",
            "3",
            "pyproject.toml [tool.poetry] name",
        ),
        ('[project]\nname = "A__b.C"', "a-b-c", "0.0.0", "pyproject.toml [project] name"),
        ('[project]\nname = "..."', "app", "0.0.0", "pyproject.toml [project] name"),
        (
            '[project]\nname = "a"\ndynamic = ["version"]',
            *("a", "0.0.0", "pyproject.toml [project] name"),
        ),
        ('\ufeff[project]\nname = "a"', "a", "0.0.0", "pyproject.toml [project] name"),
        ('[tool.ferryman]\nname = "b"', "b", "0.0.0", "pyproject.toml [tool.ferryman] name"),
    ],
    ids=["no file", "empty", "no name", "Poetry", "no label", "no letter", "dynamic", "BOM", "own"],
)
def test_name_and_version_come_from_what_there_is(
    root: Path, text: str | None, name: str, version: str, origin: str
) -> None:
    project = resolve(root, text)
    assert (project.fields.name, project.fields.version) == (name, version)
    assert project.origins["name"] == origin


@pytest.mark.parametrize(
    ("text", "place", "hint"),
    [
        ('[tool.ferryman]\nap = "a:b"', "pyproject.toml [tool.ferryman] ap", "'app'"),
        ("[tool.ferryman.boat]\nmemry = 1", "[tool.ferryman.boat] memry", "'boat.memory'"),
        ("[tool.ferryman.bota]\nmemory = 1", "[tool.ferryman.bota] memory", "'boat.memory'"),
        ("[tool.ferryman.boa]", "pyproject.toml [tool.ferryman] boa", "'boat'"),
        ("[tool.ferryman.app]\nx = 1", "[tool.ferryman.app] x", "'app'"),
        ("[tool.ferryman.boat.memory]\nx = 1", "[tool.ferryman.boat.memory] x", "'boat.memory'"),
        ('[tool.ferryman]\n"boat.memory" = 1', '[tool.ferryman] "boat.memory"', "'boat.memory'"),
        ("[tool.ferryman.env.p.boat]\nmemry = 1", "[tool.ferryman.env.p.boat] memry", "memory"),
        ("[tool.ferryman]\nzzzz = 1", "[tool.ferryman] zzzz", "`ferryman config keys`"),
    ],
)
def test_an_unknown_key_is_named_with_its_table(
    root: Path, text: str, place: str, hint: str
) -> None:
    with pytest.raises(ConfigError, match="there is no setting") as caught:
        resolve(root, text)
    assert place in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("variable", "value", "message", "hint"),
    [
        ("FERRYMAN_AP", "a:b", "FERRYMAN_AP: there is no setting 'ap'", "'FERRYMAN_APP'?"),
        ("FERRYMAN_BOTA__MEMORY", "1", "FERRYMAN_BOTA__MEMORY: there", "FERRYMAN_BOAT__MEMORY"),
        ("FERRYMAN_BOAT__", "1", "FERRYMAN_BOAT__: there is no setting", ""),
        ("FERRYMAN_", "1", "FERRYMAN_: there is no setting", ""),
        (
            "FERRYMAN_BOAT",
            '{"memry": 1}',
            "environment FERRYMAN_BOAT: there is no",
            "'boat.memory'",
        ),
        ("FERRYMAN_BOAT", "5", "environment FERRYMAN_BOAT: boat is not valid", ""),
        ("FERRYMAN_BOAT", "{", "environment FERRYMAN_BOAT: boat is not valid", "JSON"),
        ("FERRYMAN_BOAT__TAGS", "a", "environment FERRYMAN_BOAT__TAGS: boat.tags is not", "JSON"),
        ("FERRYMAN_BOAT__MEMORY", "x", "environment FERRYMAN_BOAT__MEMORY: boat.memory is", ""),
        (
            "FERRYMAN_BOAT__ENVIRONMENT__LEVEL",
            "debug",
            "FERRYMAN_BOAT__ENVIRONMENT__LEVEL: there is no setting",
            "as JSON, in FERRYMAN_BOAT__ENVIRONMENT",
        ),
    ],
)
def test_a_wrong_variable_is_named(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    variable: str,
    value: str,
    message: str,
    hint: str,
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError) as caught:
        resolve(root)
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"boat": "5"}, "flag boat: boat is not valid"),
        ({"boat": "5", "boat.memory": "512"}, "flag boat: boat is not valid"),
        ({"boat.memory": "1"}, "flag boat.memory: boat.memory is not valid"),
        ({"include": "data"}, "flag include: include is not valid"),
        ({"boat.memory.x": "1"}, "flag boat.memory.x: there is no setting"),
        ({"boat..memory": "1"}, "flag boat..memory: there is no setting"),
        ({".": "1"}, "flag .: there is no setting"),
        ({"env": "prod"}, "flag env: there is no setting"),
    ],
)
def test_a_wrong_flag_is_named(root: Path, flags: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(root, flags=flags)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("text", "message", "cause"),
    [
        ("[tool.ferryman.boat]\nmemory = 1", "[tool.ferryman.boat] memory: boat.memory", "128"),
        (
            "[tool.ferryman.boat]\ntags = [5]",
            "[tool.ferryman.boat] tags: boat.tags.0 is",
            "it is 5",
        ),
        ("[tool.ferryman.boat.environment]\nA = 1", "boat.environment] A: boat.environment.A", "1"),
        ('[tool.ferryman.boat.environment]\n"a.b" = 1', 'boat.environment] "a.b": boat.env', "1"),
        ('[tool.ferryman.boat.names]\nB = "x"', "[tool.ferryman.boat.names] B: boat.names.B", "B"),
        ("[tool.ferryman]\npython = 3.13", "[tool.ferryman] python: python is not", "it is 3.13"),
        ("[tool.ferryman]\nboat = 5", "[tool.ferryman] boat: boat is not valid", "it is 5"),
        ("[[tool.ferryman.boat]]\nmemory = 512", "[tool.ferryman] boat: boat is not", "memory"),
        ('[tool.ferryman]\nname = "A_b"', "[tool.ferryman] name: name is not valid", "'A_b'"),
        ('[tool.ferryman]\nexclude = "a"', "[tool.ferryman] exclude: exclude is not", "'a'"),
        ("[project]\nname = 5", "pyproject.toml [project] name: name is not valid", "it is 5"),
        ('[project]\nname = ["x"]', "pyproject.toml [project] name: name is not", "['x']"),
        ("[project]\nversion = 1", "pyproject.toml [project] version: version is", "it is 1"),
        ('tool = "x"', "pyproject.toml: [tool] is not a table", "'x'"),
        ('[tool]\nferryman = "x"', "pyproject.toml: [tool.ferryman] is not a table", "'x'"),
        ('[tool.ferryman]\nenv = "x"', "[tool.ferryman.env] is not a table", "'x'"),
        ('[tool.ferryman.env]\nprod = "x"', "[tool.ferryman.env.prod] is not a table", "'x'"),
        ('project = ["a"]', "pyproject.toml: [project] is not a table", "['a']"),
        ("[project]\nname =\n", "pyproject.toml is not valid TOML", "line 2"),
        ("[a]\nb = " + "[" * 5000, "pyproject.toml is not valid TOML", "recursion"),
        ("[a]\nb = " + "9" * 5000, "pyproject.toml is not valid TOML", "4300 digits"),
        ("[tool.uv]\nsources = 1", "pyproject.toml: [tool.uv.sources] is not a table", "1"),
        ("[tool.poetry]\ndependencies = 1", "[tool.poetry.dependencies] is not a table", "1"),
        ('dependency-groups = "x"', "[dependency-groups] is not a table", "'x'"),
        ('build-system = "x"', "[build-system] is not a table", "'x'"),
        ("[project]\noptional-dependencies = 1", "[project.optional-dependencies] is not", "1"),
    ],
)
def test_a_wrong_pyproject_is_told_and_where(
    root: Path, text: str, message: str, cause: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(root, text)
    assert message in caught.value.message
    assert cause in (caught.value.cause or "")


def test_a_pyproject_that_is_not_text_is_told(root: Path) -> None:
    (root / "pyproject.toml").write_bytes(b"name = '\xff'")
    with pytest.raises(ConfigError, match=r"pyproject\.toml is not valid TOML"):
        resolve(root)


@pytest.mark.parametrize(
    ("text", "cause", "hint"),
    [(LAYERED + "[tool.ferryman.env.test]", "prod, test", "'prod'"), ("", "it has none", "")],
)
@pytest.mark.parametrize("by_variable", [False, True])
def test_an_unknown_overlay_lists_those_that_exist(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    cause: str,
    hint: str,
    by_variable: bool,
) -> None:
    if by_variable:
        monkeypatch.setenv("FERRYMAN_ENV", "prd")
    with pytest.raises(ConfigError, match=r"no overlay \[tool.ferryman.env.prd\]") as caught:
        resolve(root, text, overlay=None if by_variable else "prd")
    assert caught.value.message.startswith("FERRYMAN_ENV=prd" if by_variable else "--env prd")
    assert cause in (caught.value.cause or "")
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("name", ["nowhere", "file"])
def test_a_root_that_is_no_directory_is_told(root: Path, name: str) -> None:
    (root / "file").touch()
    with pytest.raises(ConfigError, match=f"there is no directory .*{name}"):
        resolve(root / name)


def test_a_validator_of_a_whole_section_names_the_section(root: Path) -> None:
    from pydantic import model_validator

    class Limits(BaseModel):
        low: int = 1
        high: int = 2

        @model_validator(mode="after")
        def ordered(self) -> Limits:
            if self.low > self.high:
                raise ValueError("low is more than high")
            return self

    with pytest.raises(ConfigError) as caught:
        resolve_project(root, {"limits": Limits}, flags={"limits.low": "9"})
    assert "flag limits: limits is not valid" in caught.value.message
    # And no more of the section than that: there may be variables of the app in it.
    assert caught.value.cause == "low is more than high"


@pytest.mark.parametrize(
    ("key", "value", "cause"),
    [
        ("python", 3.13, "it takes a text, in quotes (it is 3.13)"),
        ("python", "three", "it takes the Python version that artifacts are built for"),
        ("include", "data", "flag include"),
        ("name", "Big Shop", "it takes the project's name, a DNS label (it is 'Big Shop')"),
    ],
)
def test_what_a_key_takes_is_said_in_words(root: Path, key: str, value: object, cause: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(root, flags={key: value})
    assert cause in str(caught.value)
    assert "Input should" not in str(caught.value)


def test_a_project_without_an_app_says_so_when_it_is_asked_for(root: Path) -> None:
    project = resolve(root)
    with pytest.raises(ConfigError, match="the project names no app") as caught:
        _ = project.app
    assert "--app" in (caught.value.hint or "")


def test_what_is_baked_is_what_the_runtime_needs(root: Path) -> None:
    baked = resolve(root, LAYERED).baked("boat", {"memory": 200})
    assert (baked.app, baked.name, baked.version) == ("shop:table", "shop", "1.2")
    assert (baked.target, baked.options) == ("boat", {"memory": 200})


def test_a_section_that_a_verb_does_not_read_is_left_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[tool.ferryman]\napp = "shop:app"\n[tool.ferryman.portability]\ntargets = ["server"]\n'
        "[tool.ferryman.env.live.cost]\nrequests = 5\n"
    )
    monkeypatch.setenv("FERRYMAN_MIGRATE__STORE", "state.json")
    assert str(resolve(tmp_path, overlay="live").app) == "shop:app"
    (tmp_path / "pyproject.toml").write_text("[tool.ferryman.portabillity]\ntargets = []\n")
    with pytest.raises(ConfigError, match="there is no setting 'portabillity"):
        resolve(tmp_path)
