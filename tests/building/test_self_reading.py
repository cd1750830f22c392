"""What of its own files a package wants, told by its sources."""

from __future__ import annotations

import pytest

from ferryman.building.self_reading import find_self_reading

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
