"""The zip: what is in it, what is not, and that it is the same each time."""

from __future__ import annotations

import errno
import importlib.util
import json
import marshal
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from ferryman.building import start_check
from ferryman.building.artifact import Artifact
from ferryman.core.errors import AppError, BuildError, ConfigError
from ferryman.core.loader import AppAttributeMissing, AppModuleBroken, AppWrongType
from ferryman.local.emulator import host_architecture, host_python
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.lambda_.bundle import HANDLER, build_bundle, build_explained
from ferryman.targets.lambda_.options import LambdaOptions


@pytest.fixture(scope="module")
def names(postcards_bundle: Artifact) -> list[str]:
    with zipfile.ZipFile(postcards_bundle.path) as bundle:
        return bundle.namelist()


@pytest.fixture
def hello(tmp_path: Path) -> Path:
    """Write a project with no dependency but aiohttp."""
    root = tmp_path / "hello"
    root.mkdir()
    (root / "hello.py").write_text("from aiohttp import web\napp = web.Application()\n")
    (root / "pyproject.toml").write_text('[tool.ferryman]\napp = "hello:app"\n')
    return root


def project_at(root: Path, **flags: object) -> Project:
    return resolve_project(root, {"lambda": LambdaOptions}, flags=flags)


def silent(_: str) -> None:
    pass


def test_it_holds_the_app_its_dependencies_and_the_settings(names: list[str]) -> None:
    assert {"postcards/app.py", "postcards/static/wall.css", "ferryman.json"} <= {*names}
    assert any(name.startswith("aiohttp/") for name in names)
    assert any(name.startswith("pydantic_settings/") for name in names)


@pytest.mark.parametrize(
    "unwanted",
    ["gunicorn", "kubernetes", "click", "rich", "yaml", "boto3", "uv", "packaging"],
)
def test_nothing_of_another_world_travels(names: list[str], unwanted: str) -> None:
    assert [name for name in names if name.split("/")[0].split("-")[0] == unwanted] == []


def test_no_test_of_the_app_and_no_path_of_this_machine_travels(names: list[str]) -> None:
    assert [n for n in names if n.startswith("postcards/") and "test" in n] == []
    assert [n for n in names if n.endswith(("direct_url.json", "uv_cache.json", ".lock"))] == []
    assert [n for n in names if n.startswith("bin/")] == []


def test_a_package_that_was_not_tried_ships_as_pip_installs_it(names: list[str]) -> None:
    assert {"pydantic_settings/py.typed", "pydantic_settings/main.py"} <= {*names}
    assert not {"aiohttp/py.typed", "aiohttp/web.py"} & {*names}
    assert {"aiohttp-", "pydantic_settings-"} <= {
        name.partition("-")[0] + "-" for name in names if name.endswith(".dist-info/RECORD")
    }


def test_of_ferryman_only_the_runtime_half_travels(names: list[str]) -> None:
    ours = [name for name in names if name.startswith("ferryman/")]
    assert "ferryman/targets/lambda_/runtime/entry.pyc" in ours
    allowed = re.compile(
        r"ferryman/(bootstrap|modules\.bin|"
        r"(__init__|core/(aws/)?\w+|cache/\w+|"
        r"targets/__init__|targets/lambda_/(__init__|runtime/.+))\.pyc)"
    )
    assert [name for name in ours if not allowed.fullmatch(name)] == []


def test_every_module_ships_as_unchecked_bytecode(postcards_bundle: Artifact) -> None:
    with zipfile.ZipFile(postcards_bundle.path) as bundle:
        compiled = {n: bundle.read(n)[:8] for n in bundle.namelist() if n.endswith(".pyc")}
        sources = {n for n in bundle.namelist() if n.endswith(".py")}
    unchecked = importlib.util.MAGIC_NUMBER + (0b01).to_bytes(4, "little")
    assert {*compiled.values()} == {unchecked}
    assert sources
    for source in sources:
        assert importlib.util.cache_from_source(source) in compiled


def test_tracebacks_show_the_places_on_lambda(postcards_bundle: Artifact) -> None:
    with zipfile.ZipFile(postcards_bundle.path) as bundle:
        code = marshal.loads(bundle.read("aiohttp/web_app.pyc")[16:])
    assert code.co_filename == "/var/task/aiohttp/web_app.py"


def test_without_a_python_of_that_version_sources_ship_and_it_is_said(
    hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("building.packages", "targets.lambda_.bundle"):
        monkeypatch.setattr(f"ferryman.{module}.find_interpreter", lambda _: None)
    artifact, report = build_explained(project_at(hello), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        names = bundle.namelist()
    assert {"aiohttp/web.py", "hello.py"} <= {*names}
    assert [name for name in names if name.endswith(".pyc")] == []
    assert any("no bytecode" in note for note in report.notes)
    assert any("no bytecode" in lack for lack in artifact.lacks)


def test_an_import_that_cannot_be_tried_is_said_and_what_it_would_have_missed(
    hello: Path, tmp_path: Path
) -> None:
    (hello / "hello.py").write_text(
        "import boto3, aiohttp, no_such_thing\n\napp = aiohttp.web.Application()\n"
    )
    other = {"arm64": "x86_64", "x86_64": "arm64"}[host_architecture()]
    artifact = build_bundle(here(hello, **{"lambda.architecture": other}), tmp_path / "out", silent)
    assert [lack for lack in artifact.lacks if "import" in lack] == [
        "the app's import was tried, and what follows was not: it needs boto3, which the target's "
        "runtime provides and this machine does not",
        "hello.py:1 imports no_such_thing, which is not among the dependencies",
    ]


def test_a_build_says_what_it_did_and_could_not_do_and_what_comes_next(hello: Path) -> None:
    source = (hello / "hello.py").read_text()
    (hello / "hello.py").write_text(f"import os\nKEY = os.environ['HARBOUR_KEY']\n{source}")
    other = {"arm64": "x86_64", "x86_64": "arm64"}[host_architecture()]
    command = [sys.executable, "-m", "ferryman", "build", "-t", "lambda", "--set"]
    done = subprocess.run(
        [*command, f"lambda.architecture={other}"], cwd=hello, capture_output=True, text=True
    )
    assert f"for: Python {host_python()}, {other}\n" in done.stderr
    assert "note: the app's import was tried, and what follows was not" in done.stderr
    assert "the variable HARBOUR_KEY, which is not set here" in done.stderr
    assert "next:\n  ferryman serve -t lambda\n" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_an_app_that_declares_no_pydantic_gets_none(hello: Path, tmp_path: Path) -> None:
    artifact = build_bundle(project_at(hello), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        tops = {name.split("/")[0].split("-")[0] for name in bundle.namelist()}
    assert "aiohttp" in tops
    assert not {"pydantic", "pydantic_core", "pydantic_settings", "dotenv"} & tops


def test_the_extensions_are_those_of_the_platform_asked_for(hello: Path, tmp_path: Path) -> None:
    flags = {"lambda.architecture": "arm64", "python": "3.13"}
    artifact = build_bundle(project_at(hello, **flags), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        extensions = [name for name in bundle.namelist() if name.endswith(".so")]
    assert extensions
    assert all("cpython-313-aarch64" in name for name in extensions)


def test_two_builds_in_two_places_are_the_same_bytes(
    hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build_bundle(project_at(hello), tmp_path / "one", silent)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty"))
    moved = hello.rename(tmp_path / "elsewhere")
    (moved / "hello.py").touch()
    # The name is the directory's by default, and so part of what is built.
    named = project_at(moved, name="hello")
    second = build_bundle(named, tmp_path / "two", silent)
    assert first.digest == second.digest


def test_the_settings_name_the_app_and_no_path_of_this_machine(
    postcards_bundle: Artifact,
) -> None:
    with zipfile.ZipFile(postcards_bundle.path) as bundle:
        settings = json.loads(bundle.read("ferryman.json"))
    assert settings == {
        "format": 1,
        "app": "postcards.app:create_app",
        "name": "postcards",
        "version": "1.0.0",
        "target": "lambda",
        "options": {
            "base_path": "",
            "json_logs": False,
            "log_level": "",
            "record": 0.0,
            "record_bodies": False,
            "streaming": False,
            "task_budget": 5.0,
            "trusted_proxies": [],
            "proxy": [],
            "warm_path": "/",
        },
        "settings": {},
    }


def test_the_description_says_how_to_start_it(postcards_bundle: Artifact) -> None:
    assert postcards_bundle.start == HANDLER
    assert postcards_bundle.size == Path(postcards_bundle.path).stat().st_size


@pytest.mark.parametrize("python", ["3.9", "3.10", "3.15"])
def test_a_python_that_lambda_has_not_is_refused(hello: Path, tmp_path: Path, python: str) -> None:
    with pytest.raises(ConfigError, match=f"no runtime for Python {python}") as caught:
        build_bundle(project_at(hello, python=python), tmp_path / "dist" / "lambda", silent)
    assert "3.13" in str(caught.value)
    assert not (tmp_path / "dist").exists()


def test_a_wheel_that_does_not_exist_leaves_the_last_build_alone(
    hello: Path, tmp_path: Path
) -> None:
    out = tmp_path / "dist" / "lambda"
    before = build_bundle(project_at(hello), out, silent)
    (hello / "requirements.txt").write_text("--only-binary :all:\nuwsgi\n")
    with pytest.raises(ConfigError, match="no set of wheels") as caught:
        build_bundle(project_at(hello, requirements="requirements.txt"), out, silent)
    assert "uwsgi" in str(caught.value)
    assert caught.value.hint
    assert [path.name for path in out.parent.iterdir()] == ["lambda"]
    assert Path(before.path).is_file()


def test_a_missing_attribute_is_found_before_anything_is_fetched(
    hello: Path, tmp_path: Path
) -> None:
    steps: list[str] = []
    with pytest.raises(AppAttributeMissing, match="create_app"):
        build_bundle(project_at(hello, app="hello:create_app"), tmp_path / "out", steps.append)
    assert steps == []
    assert not (tmp_path / "out").exists()


def test_a_bundle_too_large_for_lambda_names_what_is_large(
    hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.targets.lambda_.bundle._UNPACKED_LIMIT", 2**20)
    with pytest.raises(ConfigError, match="Lambda allows 250 MiB") as caught:
        build_bundle(project_at(hello), tmp_path / "out", silent)
    assert "aiohttp" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_zip_that_goes_by_s3_alone_names_what_is_large(
    hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.targets.lambda_.bundle._UPLOAD_LIMIT", 2**20)
    artifact = build_bundle(here(hello), tmp_path / "out", silent)
    (note,) = artifact.lacks
    assert "Lambda accepts more than 50 MiB only from S3" in note
    # Ferryman's part is as large: the modules that a start reads are in one file of its own.
    largest = note.partition("The largest parts are ")[2].partition(". To be")[0]
    assert {"aiohttp", "ferryman"} <= {*re.findall(r"(\w+) [\d.]+ [KM]iB", largest)}
    assert "slim = true" in note


def test_what_the_project_keeps_and_drops_goes_before_the_rules(
    hello: Path, tmp_path: Path
) -> None:
    flags = {"lambda.keep": ["multidict/*"], "lambda.drop": ["aiohttp/web_ws.py"]}
    artifact, report = build_explained(project_at(hello, **flags), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        names = {*bundle.namelist()}
    assert {"multidict/__init__.py", "multidict/py.typed"} <= names
    assert not {"aiohttp/web_ws.py", "aiohttp/web_ws.pyc"} & names
    assert "drop = 'aiohttp/web_ws.py'" in {one.reason for one in report.dropped}


def test_what_the_runtime_provides_is_left_out_with_what_it_needs(
    hello: Path, tmp_path: Path
) -> None:
    flags = {"lambda.provided": ["awslambdaric"]}
    artifact = build_bundle(project_at(hello, **flags), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        tops = {name.partition("/")[0] for name in bundle.namelist()}
    assert "aiohttp" in tops
    assert not {"awslambdaric", "simplejson", "snapshot_restore_py"} & tops


def test_a_client_that_the_runtime_provides_restricts_no_version(
    hello: Path, tmp_path: Path
) -> None:
    (hello / "requirements.txt").write_text("aiohttp\nsimplejson==3.19.2\n")
    with pytest.raises(ConfigError) as caught:
        build_bundle(project_at(hello), tmp_path / "out", silent)
    assert "allow simplejson>=3.20" in (caught.value.hint or "")
    assert "which awslambdaric needs" in (caught.value.hint or "")
    build_bundle(project_at(hello, **{"lambda.provided": ["awslambdaric"]}), tmp_path, silent)


def test_the_report_counts_every_byte_and_names_every_reason(hello: Path, tmp_path: Path) -> None:
    artifact, report = build_explained(project_at(hello), tmp_path / "out", silent)
    with zipfile.ZipFile(artifact.path) as bundle:
        entries = bundle.infolist()
    assert sum(row.packed for row in report.packages) == sum(e.compress_size for e in entries)
    assert sum(row.files for row in report.packages) == len(entries)
    assert {"aiohttp", "awslambdaric", "ferryman", "hello"} <= {r.name for r in report.packages}
    assert all(one.reason and one.package for one in report.dropped if one.size)


def here(root: Path, **flags: object) -> Project:
    """Return a project that is built for this machine."""
    return project_at(
        root, **{"python": host_python(), "lambda.architecture": host_architecture(), **flags}
    )


@pytest.mark.parametrize(
    ("source", "kind", "said"),
    [
        ("import no_such_thing\napp = 1", AppModuleBroken, "no_such_thing is not installed here"),
        ("app = 1 / 0", AppModuleBroken, "ZeroDivisionError"),
        ("app = 5", AppWrongType, "not an aiohttp application"),
    ],
)
def test_an_app_whose_import_fails_is_found_at_build_time(
    hello: Path, tmp_path: Path, source: str, kind: type[AppError], said: str
) -> None:
    (hello / "hello.py").write_text(source)
    with pytest.raises(kind) as caught:
        build_bundle(here(hello), tmp_path / "dist" / "lambda", silent)
    assert said in str(caught.value)
    assert 'check = "import" or "parse"' in (caught.value.hint or "")
    assert not (tmp_path / "dist").exists()


def test_a_failed_import_shows_the_apps_own_frames_as_the_bundle_names_them(
    hello: Path, tmp_path: Path
) -> None:
    (hello / "hello.py").write_text("import json\napp = json.loads('')\n")
    with pytest.raises(AppModuleBroken) as caught:
        build_bundle(here(hello), tmp_path / "dist" / "lambda", silent)
    first, own, code, *_ = str(caught.value.cause).splitlines()
    assert first == "Traceback (most recent call last):"
    assert own == '  File "hello.py", line 2, in <module>'
    assert code.strip() == "app = json.loads('')"
    assert str(tmp_path) not in str(caught.value.cause)


def test_a_disk_that_is_full_when_the_app_is_tried_is_told(
    hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(command: list[str], directory: Path) -> subprocess.CompletedProcess[str]:
        stderr = "Traceback\nOSError: [Errno 28] No space left on device\n"
        return subprocess.CompletedProcess(command, 1, "", stderr)

    monkeypatch.setattr(start_check, "run_alone", full)
    (hello / "hello.py").write_text("from aiohttp import web\napp = web.Application()\n# other\n")
    with pytest.raises(BuildError, match="the app cannot be tried") as caught:
        build_bundle(here(hello), tmp_path / "dist" / "lambda", silent)
    assert caught.value.hint == "free some disk space"


def test_a_full_disk_leaves_nothing(
    hello: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "dist" / "lambda"
    before = build_bundle(project_at(hello), out, silent)

    def full(self: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "writestr", full)
    with pytest.raises(BuildError, match="could not be written") as caught:
        build_bundle(project_at(hello), out, silent)
    assert caught.value.hint == "free some disk space"
    assert [path.name for path in out.parent.iterdir()] == ["lambda"]
    assert Path(before.path).is_file()


def ask(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `ferryman build` for this machine."""
    platform = ("--python", host_python(), "--set", f"lambda.architecture={host_architecture()}")
    command = [sys.executable, "-m", "ferryman", "build", "-t", "lambda", *platform, *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True)


def test_explain_prints_sizes_and_reasons(hello: Path) -> None:
    done = ask(hello, "--explain")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("package ")
    assert re.search(r"^aiohttp .* KiB .* KiB .* KiB", done.stdout, re.MULTILINE)
    assert "aiohttp/_http_parser.pyx" in done.stdout
    assert "a command-line script: it names the Python of this machine" in done.stdout
    assert (hello / "dist/lambda.json").is_file()
    assert {"packages", "dropped", "notes"} == json.loads(
        ask(hello, "--explain", "--json").stdout
    ).keys()


def test_profile_prints_the_imports_of_the_app_and_what_to_move(hello: Path) -> None:
    make = "def app():\n    from aiohttp import web\n    return web.Application()\n"
    (hello / "hello.py").write_text(f"import sqlite3\nimport aiohttp.client\n{make}")
    done = ask(hello, "--profile")
    assert done.returncode == 0, done.stderr
    assert re.search(r"^ +\d+\.\d +\d+\.\d +aiohttp.client$", done.stdout, re.MULTILINE)
    assert "import aiohttp.client in the function that uses it" in done.stdout
    assert "asyncio.events" not in done.stdout  # the runtime had it already
