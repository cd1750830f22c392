"""The app's dependencies, for the platform that will run them. These tests use an index."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from scripts.ports import free_port
from uv import find_uv_bin

from ferryman.building.dependencies import (
    Platform,
    install_wheels,
    pin_requirements,
    pin_wheels,
    restrict_hashes,
)
from ferryman.building.project_requirements import project_requirements
from ferryman.core.errors import BuildError, ConfigError, FerrymanError
from ferryman.project.resolution import resolve_project

LAMBDA = Platform(python="3.13", wheels="aarch64-manylinux_2_28")


def requirements(root: Path, **flags: Any) -> tuple[str, ...]:
    return project_requirements(resolve_project(root, {}, flags=flags)).lines


def declare(root: Path, *dependencies: str, more: str = "") -> None:
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "shop"\nversion = "1"\nrequires-python = ">=3.11"\n'
        f"dependencies = {list(dependencies)!r}\n{more}"
    )


def lock(root: Path) -> None:
    subprocess.run([find_uv_bin(), "lock", "--quiet"], cwd=root, check=True)


def install(lines: list[str], root: Path) -> None:
    options = [line for line in lines if line.startswith("-")]
    pins = pin_wheels(lines, LAMBDA, root=root)
    install_wheels(pins, LAMBDA, root / "out", root=root, options=options)


def pin_all(lines: list[str], root: Path) -> str:
    return pin_requirements(lines, "3.13", root=root)


FERRYMAN = ["ferryman", "ferryman[lambda]>=0.1", "Ferryman == 1", "FERRYMAN; python_version>'3'"]
OTHERS = ["ferryman-plugin", "ferrymanx", "ferryman_plugin", "ferryman.plugin>=1", "six"]


@pytest.mark.parametrize("in_file", [False, True])
def test_ferryman_is_left_out_and_no_other(tmp_path: Path, in_file: bool) -> None:
    declare(tmp_path, *([] if in_file else [*FERRYMAN, *OTHERS]))
    (tmp_path / "some.txt").write_text("\n".join([*FERRYMAN, *OTHERS]))
    flags = {"requirements": "some.txt"} if in_file else {}
    assert requirements(tmp_path, **flags) == tuple(OTHERS)


@pytest.mark.parametrize("pyproject", [None, "[tool.black]\n", '[project]\nname = "shop"\n'])
def test_a_requirements_txt_counts_where_nothing_else_says_more(
    tmp_path: Path, pyproject: str | None
) -> None:
    (tmp_path / "requirements.txt").write_text("six==1.17")
    if pyproject is not None:
        (tmp_path / "pyproject.toml").write_text(pyproject)
    assert requirements(tmp_path) == ("six==1.17",)


def test_what_the_project_declares_goes_before_a_requirements_txt(tmp_path: Path) -> None:
    declare(tmp_path, "idna")
    (tmp_path / "requirements.txt").write_text("six==1.17")
    assert requirements(tmp_path) == ("idna",)


def test_dependencies_of_poetry_are_not_left_out_in_silence(tmp_path: Path) -> None:
    poetry = '[tool.poetry.dependencies]\npython = "^3.11"\naiohttp = "^3.10"\n'
    (tmp_path / "pyproject.toml").write_text(poetry)
    with pytest.raises(ConfigError, match=r"stand in \[tool.poetry\]") as caught:
        requirements(tmp_path)
    assert "`poetry export --output requirements.txt`" in str(caught.value.hint)
    back_end = '[build-system]\nbuild-backend = "poetry.core.masonry.api"\n'
    (tmp_path / "pyproject.toml").write_text(f"{poetry}{back_end}")
    assert requirements(tmp_path) == (f"-e {tmp_path}",)
    (tmp_path / "pyproject.toml").write_text(
        f"[tool.poetry]\npackage-mode = false\n{poetry}{back_end}"
    )
    with pytest.raises(ConfigError, match="where no build back end reads them"):
        requirements(tmp_path)
    (tmp_path / "requirements.txt").write_text("aiohttp==3.14.5")
    assert requirements(tmp_path) == ("aiohttp==3.14.5",)


def test_without_a_pyproject_there_are_none(tmp_path: Path) -> None:
    assert requirements(tmp_path) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('dependencies = ["six=="]', "[project] dependencies: 'six==' is not a requirement"),
        ('dependencies = "six"', "[project] dependencies is not valid"),
        ("dependencies = [1]", "[project] dependencies is not valid"),
    ],
)
def test_dependencies_that_cannot_be_read_are_told(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "shop"\n{text}')
    with pytest.raises(ConfigError) as caught:
        requirements(tmp_path)
    assert message in caught.value.message


def test_a_requirements_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"requirements file .*nowhere\.txt cannot be read"):
        requirements(tmp_path, requirements="nowhere.txt")


@pytest.fixture
def local_ferryman(tmp_path: Path) -> Path:
    """Return a project that depends on a ferryman which itself needs toml and idna."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "pyproject.toml").write_text(
        '[project]\nname = "ferryman"\nversion = "1"\nrequires-python = ">=3.11"\n'
        'dependencies = ["toml", "idna"]\n'
    )
    root = tmp_path / "project"
    root.mkdir()
    sources = '[dependency-groups]\ndev = ["six"]\n[tool.uv.sources]\n'
    declare(root, "ferryman", "idna", more=sources + 'ferryman = { path = "../library" }\n')
    return root


def test_a_lock_gives_pins_without_what_only_ferryman_needs(local_ferryman: Path) -> None:
    lock(local_ferryman)
    (line,) = requirements(local_ferryman)
    assert line.startswith("idna==")
    assert "--hash=sha256:" in line


def test_a_lock_that_is_older_than_pyproject_is_told(tmp_path: Path) -> None:
    declare(tmp_path)
    lock(tmp_path)
    declare(tmp_path, "idna")
    with pytest.raises(ConfigError) as caught:
        requirements(tmp_path)
    assert "needs to be updated" in (caught.value.cause or "")
    assert "`uv lock`" in (caught.value.hint or "")


@pytest.mark.parametrize("editable", ["true", "false"])
def test_a_directory_of_sources_in_a_lock_is_a_line_of_its_own(
    tmp_path: Path, editable: str
) -> None:
    local = tmp_path / "local"
    local.mkdir()
    (local / "pyproject.toml").write_text(
        '[project]\nname = "local"\nversion = "1"\ndependencies = ["idna==3.11"]\n'
    )
    source = f'[tool.uv.sources]\nlocal = {{ path = "local", editable = {editable} }}\n'
    declare(tmp_path, "local", more=source)
    lock(tmp_path)
    directory, idna = requirements(tmp_path)
    assert directory == f"-e {local}"
    assert idna.startswith("idna==3.11 ")


def test_a_member_of_a_workspace_has_the_lock_of_its_root(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.uv.workspace]\nmembers = ["*"]\n')
    shop, oar = tmp_path / "shop", tmp_path / "oar"
    for member in (shop, oar):
        member.mkdir()
    sources = "[tool.uv.sources]\noar = { workspace = true }\n"
    declare(shop, "oar", "idna==3.11", more=sources)
    (oar / "pyproject.toml").write_text(
        '[project]\nname = "oar"\nversion = "1"\n'
        '[build-system]\nrequires = []\nbuild-backend = "none"\n'
    )
    lock(tmp_path)
    directory, idna = requirements(shop)
    assert directory == f"-e {oar}"
    assert idna.startswith("idna==3.11 ")


def test_a_source_of_uv_without_a_lock_is_never_taken_from_the_index(tmp_path: Path) -> None:
    declare(tmp_path, "Acme.Oar", more='[tool.uv.sources]\nacme-oar = { path = "oar" }\n')
    with pytest.raises(ConfigError, match=r"sources\] says where acme-oar comes from") as caught:
        requirements(tmp_path)
    assert caught.value.hint == "run `uv lock`"


def test_the_project_among_its_own_requirements_is_what_it_declares(tmp_path: Path) -> None:
    declare(tmp_path, "idna==3.11")
    (tmp_path / "requirements.txt").write_text("-e .\nsix==1.17\n")
    assert requirements(tmp_path, requirements="requirements.txt") == ("idna==3.11", "six==1.17")


def test_a_checkout_of_ferryman_is_left_out(tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "pyproject.toml").write_text('[project]\nname = "ferryman"\n')
    (tmp_path / "requirements.txt").write_text("-e ./checkout[lambda]\nsix==1.17\n")
    assert requirements(tmp_path, requirements="requirements.txt") == ("six==1.17",)


def test_a_lock_that_is_none_is_told(tmp_path: Path) -> None:
    declare(tmp_path)
    (tmp_path / "uv.lock").write_text("this is not a lock")
    with pytest.raises(ConfigError) as caught:
        requirements(tmp_path)
    assert "uv.lock" in (caught.value.cause or "")


def test_wheels_are_those_of_the_platform(tmp_path: Path) -> None:
    install(["multidict==6.6.4"], tmp_path)
    files = {path.relative_to(tmp_path / "out").as_posix() for path in tmp_path.rglob("out/**/*")}
    assert "multidict/_multidict.cpython-313-aarch64-linux-gnu.so" in files
    assert "multidict-6.6.4.dist-info/METADATA" in files


def test_what_is_omitted_gets_no_pin_and_its_dependencies_do(tmp_path: Path) -> None:
    pins = pin_wheels(["python-dateutil==2.9.0"], LAMBDA, root=tmp_path, omit=["python-dateutil"])
    assert [pin.partition("==")[0] for pin in pins] == ["six"]


A, B, C = ("--hash=sha256:" + letter * 64 for letter in "abc")


@pytest.mark.parametrize(
    ("asked", "pinned"),
    [
        ("six==1", f"six==1 {A} {B}"),
        (f"six==1 {B}", f"six==1 {B}"),
        (f"SIX==1 {C} {A}", f"six==1 {A}"),
    ],
)
def test_only_the_hashes_that_are_asked_for_are_pinned(asked: str, pinned: str) -> None:
    assert restrict_hashes([f"six==1 {A} {B}"], ["--no-index", asked]) == (pinned,)


def wheel(directory: Path, name: str, *files: str) -> None:
    """Write a wheel that holds some empty files."""
    import zipfile

    info = f"{name}-1.dist-info"
    metadata = {
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
        f"{info}/RECORD": "",
    }
    directory.mkdir(exist_ok=True)
    with zipfile.ZipFile(directory / f"{name}-1-py3-none-any.whl", "w") as archive:
        for place, text in {**dict.fromkeys(files, ""), **metadata}.items():
            archive.writestr(place, text)


def test_requirements_are_pinned_with_hashes_for_any_linux(tmp_path: Path) -> None:
    pinned = pin_all(["six<2", "colorama; platform_machine == 'aarch64'"], tmp_path)
    names = [line.partition("==")[0] for line in pinned.splitlines() if "==" in line]
    assert names == ["colorama", "six"]
    assert "--hash=sha256:" in pinned
    assert "http" not in pinned


@pytest.mark.parametrize(
    ("lines", "cause", "hint"),
    [
        (["uwsgi"], "uwsgi have no usable wheels", "build a wheel of it"),
        (["tensorflow==2.15.0"], "cp313", "another python or architecture"),
        (["six==99"], "no version of six==99", "check the names and versions"),
        (["six==1.16", "six==1.17"], "six==1.16", "check the names and versions"),
        (["no-such-package-for-ferryman"], "was not found in", "check the names"),
    ],
)
@pytest.mark.parametrize("pin", [False, True])
def test_what_has_no_wheel_is_told_with_its_cause(
    tmp_path: Path, lines: list[str], cause: str, hint: str, pin: bool
) -> None:
    with pytest.raises(ConfigError, match="no set of wheels") as caught:
        (pin_all if pin else install)(lines, tmp_path)
    assert cause in (caught.value.cause or "")
    assert hint in (caught.value.hint or "")


def test_a_wheel_of_this_machine_is_installed(tmp_path: Path) -> None:
    wheel(tmp_path, "oar", "oar.py")
    lines = [f"oar @ file://{tmp_path}/oar-1-py3-none-any.whl"]
    install(lines, tmp_path)
    assert (tmp_path / "out/oar.py").is_file()


def test_a_wheel_with_another_hash_is_not_installed(tmp_path: Path) -> None:
    lines = ["six==1.17.0 --hash=sha256:" + "0" * 64]
    with pytest.raises(ConfigError, match="are not those that the project") as caught:
        install(lines, tmp_path)
    assert caught.value.hint
    assert not (tmp_path / "out").exists()


def test_an_index_that_cannot_be_reached_is_named_without_its_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    index = f"127.0.0.1:{free_port()}/simple"
    with pytest.raises(BuildError) as caught:
        install([f"--extra-index-url https://joe:s3cret@{index}", "six"], tmp_path)
    assert caught.value.message == f"https://{index}/six/ could not be fetched"
    assert "Connection refused" in (caught.value.cause or "")
    assert "UV_*" in (caught.value.hint or "")


OLD_UV = """  \u00d7 No solution found when resolving dependencies:
  ╰─▶ Because six==99 was not found and you require six==99, we can conclude
      that your requirements are unsatisfiable.

      hint: try again
"""


@pytest.mark.parametrize(
    ("says", "kind", "cause", "hint"),
    [
        ("", BuildError, "uv gave no reason", None),
        ("error: disk full", BuildError, "disk full", None),
        (
            "error: it failed\n  cause: first\n  cause: last\n\nhint: do this\n",
            *(BuildError, "it failed: last", "do this"),
        ),
        (
            OLD_UV,
            ConfigError,
            "six==99 was not found and you require six==99, we can conclude that your",
            "try again",
        ),
    ],
)
def test_whatever_uv_says_is_passed_on(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
    kind: type[FerrymanError],
    cause: str,
    hint: str | None,
) -> None:
    script = tmp_path / "uv"
    script.write_text(f"#!{sys.executable}\nimport sys\nsys.stderr.write({says!r})\nsys.exit(1)\n")
    script.chmod(0o755)
    monkeypatch.setattr("uv.find_uv_bin", lambda: str(script))
    with pytest.raises(FerrymanError) as caught:
        install(["six"], tmp_path)
    assert type(caught.value) is kind
    assert cause in (caught.value.cause or "")
    assert caught.value.hint == hint


@pytest.mark.parametrize("on_path", [False, True])
def test_uv_is_looked_for_on_the_path_or_told_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, on_path: bool
) -> None:
    monkeypatch.setitem(sys.modules, "uv", None)
    monkeypatch.setenv("PATH", str(tmp_path))
    if on_path:
        shutil.copy2(find_uv_bin(), tmp_path / "uv")
        install([], tmp_path)
        return
    with pytest.raises(ConfigError, match="uv is not installed") as caught:
        install([], tmp_path)
    assert "ferryman[lambda]" in (caught.value.hint or "")


def test_an_interpreter_of_the_project_that_is_broken_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to("/nowhere/python")
    (tmp_path / ".venv/pyvenv.cfg").write_text("home = /nowhere\n")
    install(["six"], tmp_path)
    assert (tmp_path / "out/six.py").is_file()


AT_ONCE = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
import uv
from ferryman.building.uv import run_uv
sys.setswitchinterval(1e-6)
barrier = Barrier(4)
def ask(_):
    barrier.wait()
    return run_uv(["--version"], [], Path())
with ThreadPoolExecutor(4) as threads:
    print(len({*threads.map(ask, range(4))}))
"""


def test_targets_that_are_built_at_once_find_uv() -> None:
    done = subprocess.run([sys.executable, "-c", AT_ONCE], capture_output=True, text=True)
    assert done.stdout == "1\n", done.stderr
