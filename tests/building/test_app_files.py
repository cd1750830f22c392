"""What ships: the app's own files and ferryman's runtime half, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import ferryman
from ferryman.building.app_files import (
    choose_app_files,
    copy_files,
    import_root,
    runtime_files,
)
from ferryman.building.artifact import describe, write_description
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project

APP = "app = None\n"


def project(root: Path, app: str = "shop.app:app", **flags: Any) -> Project:
    return resolve_project(root, {}, flags={"app": app, **flags})


def write(root: Path, *names: str, text: str = APP) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def places(found: Project) -> list[str]:
    return [file.place for file in choose_app_files(found).files]


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


def left_out(found: Project) -> dict[str, str]:
    return {one.place: one.reason for one in choose_app_files(found).left_out}


BESIDE = ["main.py", "static/site.css", "templates/index.html", "words.json"]


@pytest.mark.parametrize("mark", ["requirements.txt", "pyproject.toml"])
@pytest.mark.parametrize("root", ["", "src/"])
def test_what_lies_beside_a_single_module_of_a_project_ships(
    tmp_path: Path, mark: str, root: str
) -> None:
    write(tmp_path, *(root + name for name in BESIDE), mark, text="")
    write(tmp_path, f"{root}main.py")
    assert places(project(tmp_path, "main:app")) == BESIDE


def test_of_a_directory_that_is_no_project_the_module_alone_ships(tmp_path: Path) -> None:
    write(tmp_path, *BESIDE)
    assert places(project(tmp_path, "main:app")) == ["main.py"]


NOT_THE_APPS = {
    "node_modules/a/index.js": ("node_modules", "made by a tool"),
    "dist/lambda/a.zip": ("dist", "made by a tool"),
    "shop.egg-info/PKG-INFO": ("shop.egg-info", "made by a tool"),
    "py311/pyvenv.cfg": ("py311", "made by a tool"),
    "libs/oar/setup.py": ("libs/oar", "a project of its own"),
    "Dockerfile": ("Dockerfile", "for tools and people"),
    "uv.lock.bak/uv.lock": ("uv.lock.bak/uv.lock", "for tools and people"),
    "key.pem": ("key.pem", "it may be a secret"),
    ".env": (".env", "hidden"),
    "tests/test_a.py": ("tests", "exclude = 'tests'"),
}


@pytest.mark.parametrize("name", NOT_THE_APPS)
def test_what_lies_beside_and_is_not_the_apps_is_left_out_with_its_reason(
    tmp_path: Path, name: str
) -> None:
    write(tmp_path, "main.py", name)
    write(tmp_path, "requirements.txt", text="")
    assert places(project(tmp_path, "main:app")) == ["main.py"]
    place, reason = NOT_THE_APPS[name]
    assert left_out(project(tmp_path, "main:app"))[place] == reason


def test_what_git_ignores_is_left_out_and_can_be_included(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    write(tmp_path, ".gitignore", text="data/\n*.sqlite\n")
    write(tmp_path, "main.py", "data/rows.csv", "a.sqlite", "static/new.css")
    assert places(project(tmp_path, "main:app")) == ["main.py", "static/new.css"]
    reasons = left_out(project(tmp_path, "main:app"))
    assert reasons["data"] == reasons["a.sqlite"] == "ignored by git"
    assert "data/rows.csv" in places(project(tmp_path, "main:app", include=["data"]))


def test_a_build_that_lies_in_the_project_does_not_ship(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", text="")
    write(tmp_path, "main.py", "out/lambda/shop.zip")
    zipped = describe(
        target="lambda", name="shop", version="1", path=tmp_path / "out/lambda/shop.zip", start="x"
    )
    write_description(zipped, tmp_path / "out" / "lambda")
    assert places(project(tmp_path, "main:app")) == ["main.py"]


def test_a_link_beside_the_module_that_leads_astray_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", text="")
    write(tmp_path, "main.py")
    (tmp_path / "data").symlink_to("/usr/share")
    assert places(project(tmp_path, "main:app")) == ["main.py"]
    assert left_out(project(tmp_path, "main:app"))["data"] == "a link, or no file"


IMPORTS = {
    "a module beside it": ("import helper", ["helper.py"]),
    "a package beside it": ("from tools.oar import row", ["tools/__init__.py", "tools/oar.py"]),
    "in a function": ("def row():\n    import helper", ["helper.py"]),
    "by another": ("import deck", ["deck.py", "helper.py"]),
    "a package called tests": (
        "from shop.tests import catalogue",
        ["shop/tests/__init__.py", "shop/tests/catalogue.py"],
    ),
    "by a relative import": (
        "from .tests.catalogue import rows",
        ["shop/tests/__init__.py", "shop/tests/catalogue.py"],
    ),
    "a module called test_results": ("from . import test_results", ["shop/test_results.py"]),
}


@pytest.mark.parametrize(("line", "more"), IMPORTS.values(), ids=IMPORTS.keys())
def test_what_the_app_imports_ships(tmp_path: Path, line: str, more: list[str]) -> None:
    write(tmp_path, "helper.py", "tools/__init__.py", "tools/oar.py", "shop/__init__.py", text="")
    write(tmp_path, "shop/tests/__init__.py", "shop/tests/catalogue.py", "shop/test_results.py")
    write(tmp_path, "deck.py", text="import helper\n")
    write(tmp_path, "shop/app.py", text=f"{line}\n{APP}")
    found = choose_app_files(project(tmp_path))
    assert [file.place for file in found.files] == sorted(
        ["shop/__init__.py", "shop/app.py", *more]
    )
    assert {file.place for file in found.modules} == {file.place for file in found.files}


def test_what_the_project_itself_excludes_stays_out_though_it_is_imported(tmp_path: Path) -> None:
    write(tmp_path, "shop/secret.py")
    write(tmp_path, "shop/app.py", text=f"from shop import secret\n{APP}")
    found = project(tmp_path, exclude=["secret.py"])
    assert places(found) == ["shop/app.py"]
    assert left_out(found) == {"shop/secret.py": "exclude = 'secret.py'"}


def test_of_what_lies_beside_a_module_its_imports_alone_are_its_modules(tmp_path: Path) -> None:
    write(tmp_path, "requirements.txt", "helper.py", text="")
    write(tmp_path, "locustfile.py", text="import locust\n")
    write(tmp_path, "main.py", text=f"import helper\n{APP}")
    found = choose_app_files(project(tmp_path, "main:app"))
    assert [file.place for file in found.modules] == ["helper.py", "main.py"]
    assert "locustfile.py" in {file.place for file in found.files}


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
        ("../outside", "not a path inside the project"),
        ("shop/../../outside", "not a path inside the project"),
        ("/etc/hostname", "not a path inside the project"),
        ("", "not a path inside the project"),
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


@pytest.fixture
def nobody() -> Iterator[Path]:
    """Return a directory whose files root may read, while this process is not root."""
    with tempfile.TemporaryDirectory() as directory:
        Path(directory).chmod(0o755)
        root = os.geteuid() == 0
        yield Path(directory)
        if root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["shop/app.py", "shop/static", "shop/static/a.css"])
def test_a_file_that_may_not_be_read_is_told(nobody: Path, name: str) -> None:
    write(nobody, *SHOP)
    found = project(nobody)
    (nobody / name).chmod(0)
    if os.geteuid() == 0:
        os.seteuid(65534)
    with pytest.raises(ConfigError) as told:
        places(found)
    assert told.value.message == f"{nobody / name} cannot be read"
    assert f"chmod u+r {nobody / name}" in (told.value.hint or "")


def test_a_link_inside_the_project_ships_as_what_it_leads_to(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", "assets/a.css", text="app = 'x'\n")
    (tmp_path / "shop" / "assets").symlink_to("../assets")
    files = choose_app_files(project(tmp_path)).files
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
    own = {f"ferryman/targets/{target}/runtime/", "ferryman/core/", "ferryman/cache/"}
    shipped = {file.place for file in runtime_files(target)}
    packages = {
        "ferryman/__init__.py",
        "ferryman/core/__init__.py",
        "ferryman/targets/__init__.py",
        f"ferryman/targets/{target}/__init__.py",
    }
    assert packages <= shipped
    assert {p for p in shipped - packages if not p.startswith(tuple(own))} == set()
    assert [p for p in shipped if p.startswith("ferryman/building")] == []
    assert {f"ferryman/core/{p.name}" for p in (home / "core").glob("*.py")} <= shipped
    assert {f"ferryman/cache/{p.name}" for p in (home / "cache").glob("*.py")} <= shipped
    runtime = (home / "targets" / target / "runtime").rglob("*.py")
    assert {p.relative_to(home.parent).as_posix() for p in runtime} <= shipped


def test_files_are_copied_with_their_executable_bit(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", "shop/run.sh", "shop/deep/a")
    (tmp_path / "shop/run.sh").chmod(0o700)
    (tmp_path / "shop/app.py").chmod(0o600)
    copy_files(choose_app_files(project(tmp_path)).files, tmp_path / "out")
    modes = {p.name: p.stat().st_mode & 0o777 for p in (tmp_path / "out/shop").glob("*.*")}
    assert modes == {"app.py": 0o644, "run.sh": 0o755}
    assert (tmp_path / "out/shop/deep/a").is_file()


def test_a_name_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py")
    (tmp_path / "shop" / os.fsdecode(b"caf\xe9.txt")).touch()
    with pytest.raises(ConfigError, match=r"file b'shop/caf\\xe9.txt' is not UTF-8"):
        choose_app_files(project(tmp_path))


def test_names_are_utf_8_whatever_the_locale(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", "shop/straße.txt")
    script = (
        "from pathlib import Path; from tests.building.test_app_files import places, project; "
        f"print(ascii(places(project(Path({str(tmp_path)!r})))))"
    )
    environment = {**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    found = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout == "['shop/app.py', 'shop/stra\\xdfe.txt']\n"


SIBLINGS = ("app/main.py", "app/views.py", "app/templates/index.html", "other/unused.py")


def test_a_source_root_ships_whole_and_is_what_its_scripts_import_from(tmp_path: Path) -> None:
    write(tmp_path, *SIBLINGS)
    (tmp_path / "app/main.py").write_text("from views import shown\napp = shown\n")
    chosen = project(tmp_path, "main:app", source="app")
    assert import_root(chosen) == tmp_path / "app"
    assert places(chosen) == ["main.py", "templates/index.html", "views.py"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("nowhere", "flag source: 'nowhere' does not exist"),
        ("../x", "is not a path inside the project"),
        ("app/main.py", "'app/main.py' is not a directory"),
    ],
)
def test_a_source_root_that_is_none_is_told(tmp_path: Path, source: str, said: str) -> None:
    write(tmp_path, *SIBLINGS)
    with pytest.raises(ConfigError, match=re.escape(said)):
        places(project(tmp_path, "main:app", source=source))
