"""Imports modules from a directory, each in a process of its own, and tells the outcome.

It runs as a program, by the interpreter that is asked, which sees the directory and the standard
library alone: `-I -S importing.py DIRECTORY [BLOCKED...] < MODULES`. Blocked are modules of the
standard library that an image does not hold. Of each module it prints the outcome as JSON: the
names that it has, or the error; what its classes know of their subclasses; and whether anything
that is blocked was asked for, without which the outcome is the same where nothing is blocked.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import decimal
import email.message
import http.cookies
import importlib
import importlib.abc
import io
import json
import logging.config
import os
import ssl
import sys
import unittest
import urllib.request
import uuid
import warnings
import xml.etree.ElementTree
from collections.abc import Iterable
from types import ModuleType
from typing import Any

# What most packages import is there before their processes begin.
_COMMON = (asyncio, ctypes, decimal, email, http, logging, ssl, unittest, urllib, uuid, xml)

SECONDS = 600

# What a module has or not by how it was compiled, and no importer asks for by name.
_OURS = {"__cached__", "__dir__", "__getattr__"}


class Blocked(importlib.abc.MetaPathFinder):
    """Finds nothing of what it blocks."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(names)
        self.asked = False

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Refuse a module that is blocked."""
        if name in self.names:
            self.asked = True
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return


def look_at(name: str) -> dict[str, Any]:
    """Import a module or an attribute of one, and return what it has."""
    module, _, attribute = name.partition(":")
    try:
        found = importlib.import_module(module)
        for part in filter(None, attribute.split(".")):
            found = getattr(found, part)
        return {"names": sorted(set(dir(found)) - _OURS), "subclasses": subclasses(found)}
    except BaseException as error:
        return {"error": f"{type(error).__name__}: {error}"[:300]}


def subclasses(found: ModuleType) -> dict[str, list[str]]:
    """Return what each class of a module knows of its subclasses in the module that it is from."""
    there = [value for value in list(vars(found).values()) if isinstance(value, type)]
    top = found.__name__.partition(".")[0]
    known = {}
    for one in there:
        if hasattr(found, "__path__") or one.__module__.startswith(top):
            below: list[type] = type.__subclasses__(one)
            own = (other.__qualname__ for other in below if other.__module__ == one.__module__)
            known[one.__qualname__] = sorted({*own})  # attrs makes some classes twice
    return known


def in_a_process(name: str, blocked: Blocked) -> dict[str, Any]:
    """Return what a process of its own says of a module."""
    reading, writing = os.pipe()
    if (child := os.fork()) == 0:
        import signal

        signal.alarm(SECONDS)
        os.close(reading)
        quiet = io.StringIO()
        with contextlib.redirect_stdout(quiet), contextlib.redirect_stderr(quiet):
            warnings.simplefilter("ignore")
            answer = json.dumps(look_at(name) | {"blocked": blocked.asked}).encode()
        with open(writing, "wb") as pipe:  # noqa: PTH123
            pipe.write(answer)
        os._exit(0)
    os.close(writing)
    with open(reading, "rb") as pipe:  # noqa: PTH123
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    return dict(json.loads(answer)) if answer else {"error": f"it ended with status {status}"}


if __name__ == "__main__":
    directory, blocked = sys.argv[1], Blocked(sys.argv[2:])
    sys.path[:] = [directory, *(path for path in sys.path if "packages" not in path)]
    sys.meta_path.insert(0, blocked)
    os.environ["HOME"] = os.environ["TMPDIR"] = "/tmp"
    print(json.dumps({name: in_a_process(name, blocked) for name in json.load(sys.stdin)}))
