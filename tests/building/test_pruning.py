"""What a wheel brings and nothing imports stays behind, each file with its reason."""

from __future__ import annotations

import pytest

from ferryman.building.pruning import Choice, choose_dropped, find_self_reading

KEPT = [
    "oar/__init__.py",
    "oar/testing.py",
    "oar/test_utils.py",
    "oar/bin/engine",
    "oar/data.json",
    "oar/cli.cpython-313-x86_64-linux-gnu.so",
    "oar-1.dist-info/METADATA",
    "oar-1.dist-info/RECORD",
    "oar-1.dist-info/entry_points.txt",
    "oar-1.dist-info/licenses/LICENSE",
    "bin/engine",
]

SLIM = [
    ("oar/tests/test_a.py", "tests"),
    ("oar/test/a.py", "tests"),
    ("oar/_testcapi.so", "tests"),
    ("oar/a.pyi", "for type checkers"),
    ("oar/py.typed", "for type checkers"),
    ("oar/a.c", "C source"),
    ("oar/a.pyx", "Cython source"),
]


@pytest.mark.parametrize("place", KEPT)
def test_what_may_be_used_is_kept(place: str) -> None:
    assert choose_dropped([place], Choice(slim={place})) == {}


@pytest.mark.parametrize(("place", "reason"), SLIM)
def test_what_nothing_imports_is_dropped_of_a_slim_package(place: str, reason: str) -> None:
    assert choose_dropped([*KEPT, place], Choice(slim={*KEPT, place})) == {place: reason}


@pytest.mark.parametrize("place", [place for place, _ in SLIM])
def test_a_package_that_was_not_tried_is_whole(place: str) -> None:
    assert choose_dropped([*KEPT, place], Choice()) == {}


@pytest.mark.parametrize("name", ["direct_url.json", "uv_cache.json"])
def test_where_a_package_came_from_never_ships(name: str) -> None:
    place = f"oar-1.dist-info/{name}"
    assert choose_dropped([place], Choice(keep=("*",))) == {
        place: "it tells where the package was installed from"
    }
    assert choose_dropped([f"oar/{name}"], Choice()) == {}


def test_a_script_that_names_the_python_of_this_machine_is_dropped() -> None:
    (reason,) = choose_dropped(["bin/oar", "bin/engine"], Choice(scripts={"bin/oar"})).values()
    assert reason == "a command-line script: it names the Python of this machine"


def test_a_source_behind_an_extension_of_its_name_is_dropped_of_a_slim_package() -> None:
    places = ["oar/fast.cpython-313-x86_64-linux-gnu.so", "oar/fast.py", "oar/fast_pure.py"]
    assert [*choose_dropped(places, Choice(slim={*places}))] == ["oar/fast.py"]
    assert not choose_dropped(places, Choice())


def test_the_project_drops_and_keeps_and_keeping_goes_first() -> None:
    places = ["oar/a.py", "oar/b.py", "oar/tests/a.py", "mast/a.py"]
    choice = Choice(("oar/tests/*", "*/b.py"), ("oar/*",), slim={*places})
    assert choose_dropped(places, choice) == {"oar/a.py": "drop = 'oar/*'"}


READING = {
    "plug-ins by a list": (b"for name in os.listdir(here): load(name)", "lists a directory"),
    "plug-ins by their paths": (b"found = here.rglob('*')", "lists a directory"),
    "plug-ins by their ending": (b"if name.endswith('.py'): load(name)", "names files by"),
    "stubs": (b"__getattr__, _, _ = lazy.attach_stub(__name__, __file__)", "reads sources"),
    "sources": (b"text = inspect.getsource(function)", "reads sources"),
    "its tests": (b"from oar._core.tests._natype import pd_NA", "imports tests"),
    "its tests beside it": (b"    from . import tests", "imports tests"),
    "its record": (b"packages_distributions()['oar']", "asks what"),
}


@pytest.mark.parametrize(("text", "reason"), READING.values(), ids=READING.keys())
def test_what_it_wants_is_told_with_its_line(text: bytes, reason: str) -> None:
    found = find_self_reading({"oar/a.py": b"", "oar/b.py": b"\n" + text})
    assert found
    assert found.startswith(f"oar/b.py:2 {reason}")


def test_a_package_that_imports_modules_alone_wants_nothing() -> None:
    assert not find_self_reading({"oar/a.py": b"from oar.latest import row\nimport testing\n"})


def test_what_its_tests_do_does_not_count() -> None:
    assert not find_self_reading({"oar/tests/a.py": b"os.listdir('.')"})
