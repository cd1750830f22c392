"""Packages import from an artifact as they do from pip's files: a dozen of the long list."""

from __future__ import annotations

from pathlib import Path

from tests.packages.smoke import compare, read_list

# Each of a kind: answering for itself, listing plug-ins, importing its tests, reading its record.
DOZEN = {
    *("apprise", "attrs", "beautifulsoup4", "cattrs", "jinja2", "jsonschema", "marshmallow"),
    *("msgpack", "numpy", "pydantic", "sqlalchemy", "trio"),
}


def test_a_dozen_packages_import_as_pip_installed_them(tmp_path: Path) -> None:
    packages = [one for one in read_list() if one.name in DOZEN]
    assert {one.name for one in packages} == DOZEN
    for result in compare(packages, tmp_path):
        assert result.tried, result
        assert (result.zip, result.image) == ((), ()), result
