"""Finds a database that the app uses and that is not on the bill."""

from __future__ import annotations

import re
from itertools import chain, islice
from pathlib import Path

__all__ = ("database_note",)

_POSTGRES_OR_MYSQL = "--store rds:db.t4g.micro/20 adds one"
_STORES = {
    **dict.fromkeys(("asyncpg", "psycopg", "psycopg2", "aiopg"), _POSTGRES_OR_MYSQL),
    **dict.fromkeys(("aiomysql", "asyncmy", "pymysql"), _POSTGRES_OR_MYSQL),
    **dict.fromkeys(("redis", "aioredis"), "--store elasticache:t4g.micro adds it"),
    **dict.fromkeys(("motor", "pymongo"), "ferryman has no price for MongoDB: add it yourself"),
}
"""The advice for a library's database, by the library's name."""

_MOST_FILES = 500


def database_note(root: Path, overlay: str | None) -> str | None:
    """Return which database is missing from a bill without one, or None.

    Args:
        root: The project's directory. If it has no app, the result is None.
        overlay: The name of the overlay that `--env` gave.
    """
    if not (root / "pyproject.toml").is_file() or not _is_named(root):
        return None
    # Resolving a project takes half as long as the whole answer.
    from ferryman.building.app_files import choose_app_files
    from ferryman.building.import_scan import imported_names
    from ferryman.core.errors import FerrymanError
    from ferryman.project.resolution import resolve_project

    try:
        modules = choose_app_files(resolve_project(root, {}, overlay=overlay)).modules
    except FerrymanError:
        return None  # other verbs report errors of the app
    for module in modules:
        for name in imported_names(module.path, ""):
            library = name.partition(".")[0]
            if library in _STORES:
                return (
                    f"the app imports {library} ({module.place}), and no database is on the bill: "
                    f"{_STORES[library]}"
                )
    return None


def _is_named(root: Path) -> bool:
    """Return whether a file near the project's top names a database library; True if too many."""
    names = re.compile(rf"\b({'|'.join(_STORES)})\b".encode())
    files = chain(root.glob("*.py"), root.glob("*/*.py"), root.glob("*/*/*.py"))
    deeper = chain(files, root.glob("*/*/*/*.py"))
    for number, path in enumerate(islice(deeper, _MOST_FILES)):
        try:
            if names.search(path.read_bytes()):
                return True
        except OSError:
            continue
        if number == _MOST_FILES - 1:
            return True
    return False
