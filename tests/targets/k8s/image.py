"""An image of a server's artifact, made of this machine's own interpreter.

The Dockerfile that a build writes begins with an image from a registry. Where there is no
registry, the same files are laid over the interpreter that runs the tests and what it links to.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from pathlib import Path

_LEFT_OUT = {"ensurepip", "idlelib", "lib2to3", "site-packages", "test", "tests", "tkinter"}


def write_layer(context: Path, packages: Path, layer: Path) -> None:
    """Write the root of the image: the interpreter, the packages, the app.

    Args:
        context: What `ferryman build -t server` wrote.
        packages: Where its requirements are installed.
        layer: The archive to write.
    """
    interpreter = Path(sys.executable).resolve()
    library = Path(sysconfig.get_path("stdlib"))
    modules = [*library.glob("lib-dynload/*.so"), *packages.rglob("*.so")]
    with tarfile.open(layer, "w") as archive:
        for shared in sorted({name for file in (interpreter, *modules) for name in links(file)}):
            archive.add(os.path.realpath(shared), shared)
        archive.add(library, str(library), filter=_needed)
        archive.add(interpreter, "usr/local/bin/python")
        archive.add(packages, "packages")
        archive.add(context / "app", "app")
        for name, mode in (("tmp", 0o1777), ("dev", 0o755), ("proc", 0o755), ("sys", 0o755)):
            directory = tarfile.TarInfo(name)
            directory.type, directory.mode = tarfile.DIRTYPE, mode
            archive.addfile(directory)


def settings() -> Iterator[str]:
    """Yield what `podman import` is told of the image, as the Dockerfile has it."""
    for change in (
        f"ENV PYTHONHOME={sys.base_prefix}",
        "ENV PYTHONPATH=/app:/packages",
        "ENV PYTHONUNBUFFERED=1",
        "WORKDIR /app",
        "USER 65532:65532",
        'ENTRYPOINT ["/usr/local/bin/python", "-m", "ferryman.targets.server.runtime"]',
    ):
        yield from ("--change", change)


def links(file: Path) -> list[str]:
    """Return the shared libraries that a program or an extension module is linked to."""
    done = subprocess.run(["ldd", file], capture_output=True, text=True, check=True)
    return [word for word in done.stdout.split() if word.startswith("/")]


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    entry.uid = entry.gid = 0
    return None if _LEFT_OUT & set(entry.name.split("/")) else entry
