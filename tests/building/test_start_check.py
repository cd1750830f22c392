"""A build starts the app as its artifact has it, and says what it found."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ferryman.building.app_files import copy_files, runtime_files
from ferryman.building.app_parts import gather_app
from ferryman.building.start_check import Trial, Verdict, try_app
from ferryman.core.app_reference import AppFactoryFailed, AppModuleBroken, AppWrongType
from ferryman.core.errors import AppError
from ferryman.core.lifecycle import AppStartFailed
from ferryman.project.resolution import resolve_project

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
HEAD = "import asyncio, os\nfrom aiohttp import web\n"
MAKE = (
    "def app():\n    made = web.Application()\n    made.on_startup.append(start)\n    return made\n"
)


def attempt(root: Path, source: str, **flags: object) -> Verdict:
    """Try an app as the server's artifact has it."""
    (root / "boat.py").write_text(HEAD + source)
    chosen = resolve_project(root, {}, flags={"app": "boat:app", "python": HERE, **flags})
    scratch = root / "scratch"
    parts = gather_app(chosen, scratch, lambda _: None)
    directory = root / "artifact"
    copy_files((*runtime_files("server"), *parts.own), directory)
    trial = Trial(directory, "ferryman.targets.server.runtime.capability")
    return try_app(chosen, parts, trial, scratch, lambda _: None)


def start(body: str) -> str:
    return f"async def start(app):\n    {body}\n{MAKE}"


def test_an_app_is_imported_made_started_and_stopped(tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    source = (
        "async def around(app):\n"
        f"    with open({str(marks)!r}, 'a') as file: file.write('started ')\n"
        "    yield\n"
        f"    with open({str(marks)!r}, 'a') as file: file.write('stopped ')\n"
        "async def app():\n    made = web.Application()\n"
        "    made.cleanup_ctx.append(around)\n    return made\n"
    )
    verdict = attempt(tmp_path, source)
    assert marks.read_text() == "started stopped "
    assert verdict.tried.startswith(f"the app was imported, started and stopped with Python {HERE}")
    assert verdict.notes == ()
    attempt(tmp_path, source)
    assert marks.read_text() == "started stopped ", "it was tried again, and is the same"


def test_packages_that_stand_in_are_compiled_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    seen = tmp_path / "seen"
    attempt(tmp_path, f"open({str(seen)!r}, 'w').write(web.__cached__)\napp = web.Application()")
    assert Path(seen.read_text()).is_relative_to(tmp_path / "cache")
    assert Path(seen.read_text()).is_file(), "the next build compiles aiohttp again"
    assert not list((tmp_path / "artifact").rglob("*.pyc")), "the artifact is not as it was built"


@pytest.mark.parametrize(("check", "done"), [("import", "imported"), ("parse", "parsed")])
def test_it_goes_no_further_than_is_asked_for(tmp_path: Path, check: str, done: str) -> None:
    verdict = attempt(tmp_path, start("1 / 0"), check=check)
    assert verdict.tried.startswith(f"the app was {done}")


@pytest.mark.parametrize(
    ("source", "kind", "status", "said"),
    [
        ("1 / 0\napp = 1", AppModuleBroken, 1, "boat.py"),
        ("import nowhere\napp = 1", AppModuleBroken, 1, "nowhere"),
        ("app = 5", AppWrongType, 3, "not an aiohttp application"),
        ("def app(): return web.Application(), 5", AppWrongType, 3, "returns several values"),
        ("def app(): 1 / 0", AppFactoryFailed, 3, "in app"),
        (start("1 / 0"), AppStartFailed, 3, "in start"),
        (start("open('gone.yaml')"), AppStartFailed, 3, "gone.yaml"),
    ],
)
def test_what_fails_at_the_first_start_fails_the_build(
    tmp_path: Path, source: str, kind: type[AppError], status: int, said: str
) -> None:
    with pytest.raises(kind) as caught:
        attempt(tmp_path, source)
    assert caught.value.exit_code == status
    assert said in str(caught.value)
    assert str(tmp_path) not in str(caught.value.cause)


@pytest.mark.parametrize(
    ("source", "need"),
    [
        ("KEY = os.environ['HARBOUR_KEY']\napp = web.Application()", "the variable HARBOUR_KEY"),
        (
            "if not os.getenv('HARBOUR_KEY'): raise ValueError('HARBOUR_KEY?')\n"
            "app = web.Application()",
            "HARBOUR_KEY",
        ),
        (
            "Missing = type('Missing', (Exception,), {'__module__': 'dynaconf.validator'})\n"
            "raise Missing('HARBOUR_KEY is required in env main')\napp = web.Application()",
            "settings that are not here (HARBOUR_KEY is required in env main)",
        ),
        (start("await asyncio.open_connection('127.0.0.1', 1)"), "cannot be reached from here"),
        (start("await asyncio.open_connection('db.invalid', 5432)"), "cannot be reached from here"),
    ],
)
def test_what_only_its_place_has_is_told_and_fails_nothing(
    tmp_path: Path, source: str, need: str
) -> None:
    verdict = attempt(tmp_path, source)
    (note,) = verdict.notes
    assert need in note
    assert "what follows was not" in note


def test_a_file_that_it_wants_and_that_does_not_ship_is_named(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/polls.yaml").write_text("a: 1")
    told = 'config/polls.yaml exists here and does not ship: add include = ["config"]'
    with pytest.raises(AppStartFailed) as caught:
        attempt(tmp_path, start("open('config/polls.yaml')"))
    assert told in (caught.value.hint or "")
    with pytest.raises(AppStartFailed) as caught:  # the traceback quotes the directory too
        attempt(tmp_path, start("open(os.path.join('config', 'polls.yaml'))"))
    assert (caught.value.hint or "").count("does not ship") == 1
    careful = "try:\n        open('config/polls.yaml')\n    except OSError:\n        pass"
    (note,) = attempt(tmp_path, start(careful)).notes
    assert told in note


def test_a_python_that_is_not_here_is_said(tmp_path: Path) -> None:
    verdict = attempt(tmp_path, "app = 5", python="3.99")
    assert verdict.tried == "the app was parsed"
    assert "there is no Python 3.99 on this machine" in verdict.notes[0]


def test_a_package_that_an_extra_may_bring_is_told_with_the_extras(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "boats"\nversion = "1"\n'
        '[project.optional-dependencies]\naws = ["rowing"]\n[dependency-groups]\nbot = []\n'
        '[tool.ferryman]\ngroups = ["bot"]\n'
    )
    with pytest.raises(AppModuleBroken) as caught:
        attempt(tmp_path, "import rowing\napp = 1")
    assert 'what extras = ["aws"] would bring does not ship' in (caught.value.hint or "")
    assert "bot" not in (caught.value.hint or "")


def on_lambda(root: Path, files: dict[str, str]) -> tuple[str, ...]:
    """Return what is noted of an app that is tried as Lambda's artifact has it."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    chosen = resolve_project(root, {}, flags={"app": "boats:app", "python": HERE})
    parts = gather_app(chosen, root / "scratch", lambda _: None)
    directory = root / "artifact"
    copy_files((*runtime_files("lambda_"), *parts.own), directory)
    trial = Trial(directory, "ferryman.targets.lambda_.runtime.capability")
    return try_app(chosen, parts, trial, root / "scratch", lambda _: None).notes


def test_what_the_start_writes_is_told_and_does_not_ship(tmp_path: Path) -> None:
    source = (
        "import logging, os\nfrom aiohttp import web\n"
        "logging.basicConfig(filename='boats.log')\nos.makedirs('/tmp/boats', exist_ok=True)\n"
        "app = web.Application()\n"
    )
    (note,) = on_lambda(tmp_path, {"boats.py": source})
    assert note.startswith("the app's start writes boats.log: ")
    assert not (tmp_path / "artifact/boats.log").exists()


def test_a_client_that_is_made_at_import_is_told(tmp_path: Path) -> None:
    packages = {
        "asyncpg/__init__.py": "from .pool import Pool\ndef create_pool(dsn): return Pool()\n",
        "asyncpg/pool.py": "class Pool: pass\n",
    }
    source = (
        "import asyncpg\nfrom aiohttp import web\n"
        "POOL = asyncpg.create_pool('postgres://boats')\n"
        "app = web.Application()\napp[web.AppKey('pool', object)] = POOL\n"
        "class Asked:\n    def __getattr__(self, name): raise RuntimeError(name)\n"
        "asked = Asked()\n"
    )
    notes = on_lambda(tmp_path, {"boats.py": source, **packages})
    assert len(notes) == 2
    assert notes[0].startswith("boats.py makes a Pool of asyncpg as it is imported (POOL): ")


def test_a_connection_at_import_is_told_where_it_fails_too(tmp_path: Path) -> None:
    source = "import socket\nsocket.create_connection(('127.0.0.1', 1))\napp = 5\n"
    notes = on_lambda(tmp_path, {"boats.py": source})
    assert "cannot be reached from here" in notes[0]
    assert notes[1].startswith("the app connects to 127.0.0.1:1 as it is imported: ")


@pytest.mark.parametrize("check", ["start", "parse"])
def test_a_file_that_does_not_parse_is_told_though_nothing_imports_it(
    tmp_path: Path, check: str
) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "old.py").write_text("import os\nprint 'boats'\n")
    verdict = attempt(tmp_path, "app = web.Application()", check=check)
    assert verdict.notes[0].startswith(f"old.py:2 is not valid in Python {HERE}")
