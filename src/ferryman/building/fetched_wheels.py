"""Builds or fetches wheels of packages in an index, a repository or at another address.

uv builds a package without a wheel in isolation, as pip would, and caches the wheel. A wheel at an
address with a password or a token is fetched here too, so that no artifact contains the address.
"""

from __future__ import annotations

import base64
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from ferryman.building.cache import cached, digest_of
from ferryman.building.dependencies import as_uv_takes, builder, extras_of, name_of
from ferryman.building.local_wheels import LocalWheel, read_made_wheel, unpack_pure
from ferryman.building.uv import run_uv
from ferryman.core.errors import BuildError, ConfigError

__all__ = ("Workshop", "is_elsewhere", "is_secret", "is_wheel_here")

_ADDRESS = re.compile(r"[\w.-]+\s*(\[[^\]]*\])?\s*@\s*(\S+)")
_COMMIT = re.compile(r"@[0-9a-f]{40}\b")

_TIMEOUT = 60.0
"""Seconds to wait for data from an address."""


def is_elsewhere(line: str) -> bool:
    """Return whether a line names sources at a remote address."""
    url = _address(line)
    return bool(url) and not url.startswith("file:") and not _path_of(url).endswith(".whl")


def is_secret(line: str) -> bool:
    """Return whether a line has the address of a wheel with credentials in it."""
    url = urlsplit(_address(line))
    return url.scheme in ("http", "https") and bool(url.query or "@" in url.netloc)


def is_wheel_here(line: str) -> bool:
    """Return whether a line names a wheel on this machine."""
    url = _address(line)
    return url.startswith("file:") and _path_of(url).endswith(".whl")


@dataclass(frozen=True, slots=True)
class Workshop:
    """Makes and fetches wheels.

    Attributes:
        root: The project's directory, so that its own settings of uv count.
        python: The Python of the wheels, as major.minor.
        options: Lines with the options of indexes.
        scratch: A directory for files that cannot be cached.
        progress: Called with each step.
    """

    root: Path
    python: str
    options: tuple[str, ...]
    scratch: Path
    progress: Callable[[str], None]

    def make(self, line: str) -> LocalWheel:
        """Build the wheel of a package that only has sources.

        Args:
            line: Its pin with its hashes, or its address.

        Raises:
            ConfigError: The package has compiled parts, or its build failed.
            BuildError: The package cannot be fetched.
            OSError: The wheel cannot be written.
        """
        called = line.partition(" --hash")[0].partition(" @ ")[0]

        def make(directory: Path) -> None:
            self.progress(f"making a wheel of {called}")
            self._build(line, called, directory)
            unpack_pure(directory, f"{called}, which has no wheel that fits,")

        return read_made_wheel(self._kept(line, make), extras_of(line))

    def fetch(self, line: str) -> LocalWheel:
        """Fetch the wheel at an address.

        Raises:
            BuildError: The package cannot be fetched.
            OSError: The wheel cannot be written.
        """
        name, url = name_of(line), _address(line)

        def make(directory: Path) -> None:
            self.progress(f"fetching {name}")
            into = directory / "wheel"
            into.mkdir()
            _download(url, into / _path_of(url).rpartition("/")[2], name)

        (wheel,) = (self._kept(line, make) / "wheel").glob("*.whl")
        return LocalWheel(name, f"{name}{extras_of(line)} @ {wheel.as_uri()}", wheel)

    def _kept(self, line: str, make: Callable[[Path], None]) -> Path:
        # The content of an address may change if it has no commit and no hash.
        key = digest_of(line, self.python)
        if "--hash" in line or _COMMIT.search(line):
            return cached("fetched", key, make, self.scratch)
        place = self.scratch / "fetched" / key
        if not place.exists():
            place.mkdir(parents=True)
            make(place)
        return place

    def _build(self, line: str, called: str, directory: Path) -> None:
        flags, lines = as_uv_takes(self.options)
        cache = self.scratch / "uv"
        command = (
            *("pip", "install", "--quiet", "--no-progress", "--no-deps", "--target"),
            *(str(directory / "installed"), "--no-binary", name_of(line), "--cache-dir"),
            *(str(cache), "--python", builder(self.python), *flags, "-r", "-"),
        )
        try:
            run_uv(command, (*lines, line), self.root)
        except BuildError as error:
            raise ConfigError(
                f"{called} has no wheel that fits, and none could be made of its sources",
                cause=error.cause,
                hint="another version may have a wheel; or build one where its compiler and its "
                "libraries are, for the platforms it runs on, and name it by --find-links",
            ) from None
        file = name_of(line).replace("-", "_")
        built = [p for p in cache.rglob("*.whl") if p.name.lower().startswith(f"{file}-")]
        (directory / "wheel").mkdir()
        shutil.copy(max(built, key=lambda path: path.stat().st_mtime), directory / "wheel")
        shutil.rmtree(directory / "installed")


def _address(line: str) -> str:
    found = _ADDRESS.match(line)
    return found[2] if found else ""


def _path_of(url: str) -> str:
    return unquote(urlsplit(url).path)


def _download(url: str, to: Path, name: str) -> None:
    import urllib.error
    import urllib.request  # slow to import, and few projects have such an address

    parts = urlsplit(url)
    account, at, host = parts.netloc.rpartition("@")
    bare = urlunsplit(parts._replace(netloc=host, fragment=""))
    request = urllib.request.Request(bare)  # noqa: S310 - is_secret has looked at the scheme
    if at:
        coded = base64.b64encode(unquote(account).encode()).decode()
        request.add_header("Authorization", f"Basic {coded}")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer, to.open("wb") as file:  # noqa: S310
            shutil.copyfileobj(answer, file)
    except urllib.error.URLError as error:
        why = str(error.reason)
        if isinstance(error, urllib.error.HTTPError):
            why = f"{error.code} {error.reason}"
            error.close()
        raise BuildError(
            f"the wheel of {name} cannot be fetched from {parts.hostname}",
            cause=why,
            hint="check its address and credentials",
        ) from None
