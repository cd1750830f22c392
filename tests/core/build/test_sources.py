"""What ships: the app's own files and ferryman's runtime half, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ferryman
from ferryman.core.build.project import Project
from ferryman.core.build.resolution import resolve_project
from ferryman.core.build.sources import app_files, copy_files, import_root, runtime_files
from ferryman.core.errors import ConfigError

APP = "app = None\n"


def project(root: Path, app: str = "shop.app:app", **flags: Any) -> Project:
    return resolve_project(root, {}, flags={"app": app, **flags})


def write(root: Path, *names: str, text: str = APP) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def places(found: Project) -> list[str]:
    return [file.place for file in app_files(found)]


SHOP = ["shop/__init__.py", "shop/app.py", "shop/static/a.css"]


@pytest.mark.parametrize(
    ("files", "app", "shipped"),
    [
        (SHOP, "shop.app:app", SHOP),
        ([f"src/{name}" for name in SHOP], "shop.app:app", SHOP),
        (["shop/app.py"], "shop.app:app", ["shop/app.py"]),
        (["app.py", "other.py"], "app:app", ["app.py"]),
        (["src/app.py"], "app:app", ["app.py"]),
        (["src/__init__.py", "src/app.py"], "src.app:app", ["src/__init__.py", "src/app.py"]),
        # Python prefers a package to a module, and a module to a bare directory.
        (["shop/__init__.py", "shop.py"], "shop:app", ["shop/__init__.py"]),
        (["shop/data.txt", "shop.py"], "shop:app", ["shop.py"]),
        (["src/app/page.js", "app.py"], "app:app", ["app.py"]),
        (["src/shop/app.js", *SHOP], "shop.app:app", SHOP),
        ([*SHOP, "shop/tests/a.py", "shop/test_a.py", "shop/conftest.py"], "shop.app:app", SHOP),
        ([*SHOP, "shop/__pycache__/a.pyc", "shop/a.pyc", "shop/.env"], "shop.app:app", SHOP),
        ([*SHOP, "setup.py", "pyproject.toml.orig", "dist/x"], "shop.app:app", SHOP),
    ],
)
def test_the_top_level_package_or_module_ships(
    tmp_path: Path, files: list[str], app: str, shipped: list[str]
) -> None:
    write(tmp_path, *files)
    assert places(project(tmp_path, app)) == shipped


@pytest.mark.parametrize(("layout", "root"), [("src/", "src"), ("", ".")])
def test_the_import_root_follows_the_layout(tmp_path: Path, layout: str, root: str) -> None:
    write(tmp_path, f"{layout}shop/app.py")
    assert import_root(project(tmp_path)) == (tmp_path / root).resolve()


@pytest.mark.parametrize(
    ("files", "include", "shipped"),
    [
        (["data/a.txt", "data/tests/b"], '["data"]', ["data/a.txt"]),
        (["data/a.txt"], '["data/a.txt"]', ["data/a.txt"]),
        ([".config"], '[".config"]', [".config"]),
        (["tests/data/a"], '["tests/data"]', ["tests/data/a"]),
        (["helpers/a.py"], '["helpers", "./helpers/a.py"]', ["helpers/a.py"]),
    ],
)
def test_what_is_included_ships(
    tmp_path: Path, files: list[str], include: str, shipped: list[str]
) -> None:
    write(tmp_path, "shop/app.py", *files)
    found = places(project(tmp_path, include=include))
    assert found == sorted(["shop/app.py", *shipped])


def test_what_is_included_from_src_can_be_imported(tmp_path: Path) -> None:
    write(tmp_path, "src/shop/app.py", "src/helpers/a.py", "data/a.txt")
    found = project(tmp_path, include='["src/helpers", "data"]')
    assert places(found) == ["data/a.txt", "helpers/a.py", "shop/app.py"]


def test_what_is_excluded_can_be_chosen(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", "shop/a.sql", "shop/tests/a.py")
    assert places(project(tmp_path, exclude='["*.sql"]')) == ["shop/app.py", "shop/tests/a.py"]


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("../outside", "no path inside the project"),
        ("shop/../../outside", "no path inside the project"),
        ("/etc/hostname", "no path inside the project"),
        ("", "no path inside the project"),
        ("nothing", "does not exist"),
        ("shop/*.txt", "does not exist"),
    ],
)
def test_what_cannot_be_included_is_named_with_its_origin(
    tmp_path: Path, entry: str, message: str
) -> None:
    write(tmp_path / "outside", "a")
    write(tmp_path / "project", "shop/app.py")
    with pytest.raises(ConfigError) as caught:
        places(project(tmp_path / "project", include=f'["{entry}"]'))
    assert f"flag include: '{entry}'" in caught.value.message
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("link", "to", "message"),
    [
        ("shop/link", "../../outside", "leads outside the project"),
        ("shop/link", "../../outside/a", "leads outside the project"),
        ("shop/link", "nowhere", "is neither a file nor a directory"),
        ("shop/link", "link", "is neither a file nor a directory"),
        ("shop/link", ".", "which holds it"),
        ("shop/sub/link", "..", "which holds it"),
        ("data", "../outside", "leads outside the project"),
    ],
)
def test_a_link_that_leads_astray_is_refused(
    tmp_path: Path, link: str, to: str, message: str
) -> None:
    root = tmp_path / "project"
    write(tmp_path, "outside/a")
    write(root, "shop/app.py", "shop/sub/b.py")
    (root / link).symlink_to(to)
    with pytest.raises(ConfigError, match=message) as caught:
        places(project(root, include='["shop", "data"]' if link == "data" else "[]"))
    assert str(root / link) in caught.value.message


def test_a_file_below_a_link_to_the_outside_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "outside/a")
    write(tmp_path / "project", "shop/app.py")
    (tmp_path / "project" / "data").symlink_to("../outside")
    with pytest.raises(ConfigError, match="leads outside the project"):
        places(project(tmp_path / "project", include='["data/a"]'))


def test_a_link_inside_the_project_ships_as_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", "assets/a.css", text="app = 'x'\n")
    (tmp_path / "shop" / "assets").symlink_to("../assets")
    files = app_files(project(tmp_path))
    copy_files(files, tmp_path / "out")
    assert (tmp_path / "out/shop/assets/a.css").read_text() == "app = 'x'\n"
    assert not (tmp_path / "out/shop/assets").is_symlink()


def test_an_excluded_link_is_not_looked_at(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py")
    (tmp_path / "shop" / "link").symlink_to("/")
    assert places(project(tmp_path, exclude='["link"]')) == ["shop/app.py"]


@pytest.mark.parametrize("target", ["lambda_", "server"])
def test_the_runtime_half_ships_and_no_more(target: str) -> None:
    home = Path(ferryman.__file__).parent
    own = {f"ferryman/targets/{target}/runtime/", "ferryman/core/"}
    shipped = {file.place for file in runtime_files(target)}
    packages = {
        "ferryman/__init__.py",
        "ferryman/core/__init__.py",
        "ferryman/targets/__init__.py",
        f"ferryman/targets/{target}/__init__.py",
    }
    assert packages <= shipped
    assert {p for p in shipped - packages if not p.startswith(tuple(own))} == set()
    assert [p for p in shipped if p.startswith("ferryman/core/build")] == []
    assert {f"ferryman/core/{p.name}" for p in (home / "core").glob("*.py")} <= shipped
    runtime = (home / "targets" / target / "runtime").rglob("*.py")
    assert {p.relative_to(home.parent).as_posix() for p in runtime} <= shipped


def test_files_are_copied_with_their_executable_bit(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", "shop/run.sh", "shop/deep/a")
    (tmp_path / "shop/run.sh").chmod(0o700)
    (tmp_path / "shop/app.py").chmod(0o600)
    copy_files(app_files(project(tmp_path)), tmp_path / "out")
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "out/shop").glob("*.*")}
    assert modes == {"app.py": 0o644, "run.sh": 0o755}
    assert (tmp_path / "out/shop/deep/a").is_file()


def test_a_name_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py")
    (tmp_path / "shop" / os.fsdecode(b"caf\xe9.txt")).touch()
    with pytest.raises(ConfigError, match=r"file b'shop/caf\\xe9.txt' is not UTF-8"):
        app_files(project(tmp_path))


def test_names_are_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", "shop/straße.txt")
    script = (
        "from pathlib import Path; from tests.core.build.test_sources import places, project; "
        f"print(ascii(places(project(Path({str(tmp_path)!r})))))"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout == "['shop/app.py', 'shop/stra\\xdfe.txt']\n"
