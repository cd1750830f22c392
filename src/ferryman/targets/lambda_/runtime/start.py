"""The first program of a cold start: it makes later imports cheap, and starts the runtime.

It installs two finders before Python's own. `WaitingFinder` delays modules of the standard library
that other modules import and most requests never use: `ssl`, which asyncio imports, takes a tenth
of a cold start. `CodeFinder` reads the modules that every start imports from a single file instead
of a hundred. For other code, modules behave as usual.

It runs as a program, and imports nothing of ferryman until the finders are installed. A function
that only names its handler starts without it.
"""

from __future__ import annotations

import gc
import marshal
import os
import sys
from _thread import RLock
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourcelessFileLoader
from types import CodeType, FrameType, FunctionType, ModuleType
from typing import Any

__all__ = ("MODULES", "CodeFinder", "WaitingFinder", "add_layers", "main")

MODULES = "ferryman/modules.bin"
"""The file of modules, next to the packages: Python's cache tag, and a marshalled dictionary from
the name of a module to whether it is a package, and its marshalled code."""

_WAITING = frozenset(
    {
        *("ast", "asyncio.sslproto", "asyncio.staggered", "calendar", "concurrent.futures"),
        *("datetime", "decimal", "fnmatch", "html", "inspect", "ipaddress", "linecache"),
        *("locale", "shutil", "ssl", "subprocess", "tempfile", "textwrap", "tokenize"),
        "traceback",
    }
)


def _is_coroutine_function(asked: object) -> bool:
    """Return the same as `inspect.iscoroutinefunction`, for plain functions without `inspect`."""
    if type(asked) is FunctionType and not asked.__dict__:
        return bool(asked.__code__.co_flags & 0x80)  # CO_COROUTINE
    import inspect

    _execute(inspect)
    return inspect.iscoroutinefunction(asked)


def _current_frame() -> FrameType:
    """Return the same as `inspect.currentframe`, with which aiohttp's keys find their module."""
    return sys._getframe(1)


def _extract_stack(frame: FrameType | None = None, limit: int | None = None) -> object:
    """Return the same as `traceback.extract_stack`, to which asyncio keeps a reference."""
    import traceback

    _execute(traceback)
    return traceback.extract_stack(frame or sys._getframe(1), limit)


# The names that every start reads from delayed modules.
_AT_HAND: dict[str, dict[str, object]] = {
    "concurrent.futures": {
        name: name for name in ("ALL_COMPLETED", "FIRST_COMPLETED", "FIRST_EXCEPTION")
    },
    "inspect": {
        "currentframe": _current_frame,
        "iscoroutinefunction": _is_coroutine_function,
    },
    "subprocess": {"DEVNULL": -3, "PIPE": -1, "STDOUT": -2},
    "traceback": {"extract_stack": _extract_stack},
}

# With these initialization types, no request waits for the start. Delayed modules would only slow
# down the first requests.
_AHEAD = ("provisioned-concurrency", "snap-start")


class _Waiting(ModuleType):
    """A module that is executed when code reads the first name from it."""

    def __getattr__(self, name: str) -> object:
        # The import system only checks whether some of these exist.
        if name.startswith("__") and name != "__all__":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        _execute(self)
        return ModuleType.__getattribute__(self, name)

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("__"):
            _execute(self)
        ModuleType.__setattr__(self, name, value)

    def __dir__(self) -> list[str]:
        _execute(self)
        return list(ModuleType.__dir__(self))


def _execute(module: ModuleType) -> None:
    """Execute a delayed module once. Other threads that need it wait for the end."""
    spec = module.__spec__
    assert spec is not None
    with spec.loader_state:
        waiting = spec.loader
        if isinstance(waiting, _WaitingLoader):
            spec.loader = module.__loader__ = waiting.loader
            try:
                waiting.loader.exec_module(module)
            except BaseException:
                spec.loader = module.__loader__ = waiting
                raise
            module.__class__ = ModuleType


class _WaitingLoader:
    """Creates modules that another loader executes later."""

    def __init__(self, loader: Any) -> None:
        self.loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = _Waiting(spec.name)
        module.__dict__.update(_AT_HAND.get(spec.name, {}))
        return module

    def exec_module(self, module: ModuleType) -> None:
        pass


class WaitingFinder:
    """Finds the modules to delay.

    Args:
        names: The names of the modules.
    """

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module to delay, unless it is being reloaded."""
        if name not in self._names or target is not None:
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            spec.loader = _WaitingLoader(spec.loader)  # type: ignore[assignment]
            spec.loader_state = RLock()
        return spec


class _CodeLoader(SourcelessFileLoader):
    """Loads a module from code that was read before, as if it came from the module's own file."""

    def __init__(self, name: str, path: str, code: bytes) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType | None:
        if not self._code:
            return super().get_code(fullname)
        code, self._code = self._code, b""
        loaded: CodeType = marshal.loads(code)  # noqa: S302 - from the artifact itself
        return loaded


class CodeFinder:
    """Finds modules whose code was read before, each once. A reload then reads the module's file.

    Args:
        home: The directory with the modules' own files.
        modules: By the name of a module, whether it is a package, and its marshalled code.
    """

    def __init__(self, home: str, modules: dict[str, tuple[bool, bytes]]) -> None:
        self._home = home
        self._modules = modules

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a module whose code was read before."""
        found = self._modules.pop(name, None)
        if found is None:
            return None
        package, code = found
        place = f"{self._home}/{name.replace('.', '/')}"
        file = f"{place}/__init__.pyc" if package else f"{place}.pyc"
        spec = ModuleSpec(name, _CodeLoader(name, file, code), origin=file, is_package=package)
        spec.has_location = True
        if package:
            spec.submodule_search_locations = [place]
        return spec


def add_layers(layers: str = "/opt/python") -> None:
    """Add the directories of layers to the path, after the bundle, as AWS's runtime does.

    It also reads their `.pth` files. It adds nothing if `PYTHONPATH` is set.

    Args:
        layers: The directory that Lambda unpacks layers to.
    """
    if "PYTHONPATH" in os.environ:
        return
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    places = (f"{layers}/lib/{version}/site-packages", layers)
    found = [place for place in places if os.path.isdir(place)]  # noqa: PTH112 - no pathlib yet
    if found:
        import site

        sys.path[1:1] = found
        for place in found:
            site.addsitedir(place)


def main() -> None:
    """Prepare the imports, and answer invocations until Lambda ends the environment."""
    gc.disable()  # imports create many objects and no garbage
    here = __file__.rpartition("/")[0]
    home = here.removesuffix("/ferryman/targets/lambda_/runtime")
    # Python puts a program's own directory first. The bundle's directory replaces it.
    if sys.path[:1] == [here]:
        del sys.path[0]
    if home not in sys.path:
        sys.path.insert(0, home)
    add_layers()
    try:
        with open(f"{home}/{MODULES}", "rb") as file:  # noqa: PTH123
            python, modules = marshal.load(file)  # noqa: S302 - the build wrote it
    except FileNotFoundError:
        python, modules = "", {}
    if python == sys.implementation.cache_tag:
        sys.meta_path.insert(0, CodeFinder(home, modules))
    if os.environ.get("AWS_LAMBDA_INITIALIZATION_TYPE") not in _AHEAD:
        sys.meta_path.insert(0, WaitingFinder(_WAITING))
    from ferryman.targets.lambda_.runtime.__main__ import main as answer

    answer()


if __name__ == "__main__":
    main()
