"""The documentation does what it says: its commands run, its links lead somewhere.

In a document, a fence headed `python title="hello.py"` is a file; one headed `console` holds
commands after `$`, and may show what they print. A command that serves is left running
until the document ends; `cd` is for all that follows. What listens on port 8000 for a reader
gets a free port here, so that two runs on one machine leave each other alone. What is measured
is measured for as short a time as can be asked for.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.ports import free_port
from tests.aws_stand_in import CREDENTIALS

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
ABOUT_THE_PROJECT = [
    ROOT / f"{name}.md" for name in ("CONTRIBUTING", "SECURITY", "CODE_OF_CONDUCT")
]
FENCE = re.compile(r'^```(\w+)(?: (?:title=")?([^\s"]+)"?)?\n(.*?)^```$', re.MULTILINE | re.DOTALL)
ADDRESS = "127.0.0.1:8000"
"""Where a server listens if nothing else is said."""
OTHER_ADDRESS = "127.0.0.1:8010"
"""Where a document has a second one listen."""

DEPLOYS = re.compile(r"^\$ ferryman deploy -t (lambda|server)", re.MULTILINE)
"""A command that speaks with AWS: a stand-in answers it."""

RUNNABLE = [path for path in DOCUMENTS if "```console" in path.read_text(encoding="utf-8")]


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


class Shell:
    """Runs the commands of one document, in a directory of its own."""

    def __init__(self, directory: Path, emulator: Path) -> None:
        self.directory = directory
        self.environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "FERRYMAN_LAMBDA__EMULATOR": str(emulator),
            "COLUMNS": "100",
        }
        self.address = f"127.0.0.1:{free_port()}"
        self.other = f"127.0.0.1:{free_port()}"
        self.serving: list[subprocess.Popen[bytes]] = []

    def run(self, command: str) -> str:
        command = command.replace(ADDRESS, self.address).replace(OTHER_ADDRESS, self.other)
        if command.startswith("ferryman measure"):
            command = command.replace("--quick", "--time 20")
        if command.startswith(("ferryman serve", "ferryman dev")):
            self.serve(command)
            return ""
        if command.startswith("cd "):
            self.directory /= command.removeprefix("cd ")
            return ""
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=self.directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.returncode == 0, f"$ {command}\n{done.stdout}{done.stderr}"
        return done.stdout

    def serve(self, command: str) -> None:
        words = shlex.split(command)
        if "--bind" not in words:
            words += ["--bind", self.address]
        address = words[words.index("--bind") + 1]
        process = subprocess.Popen(
            words, cwd=self.directory, env=self.environment, stderr=subprocess.DEVNULL
        )
        self.serving.append(process)
        deadline = time.monotonic() + 60
        while True:
            try:
                urllib.request.urlopen(f"http://{address}/", timeout=20).close()
            except OSError:
                assert process.poll() is None, f"$ {command}: it ended"
                assert time.monotonic() < deadline, f"$ {command}: it does not answer"
                time.sleep(0.1)
            else:
                return

    def close(self) -> None:
        for process in self.serving:
            process.terminate()
            process.wait(30)


@pytest.fixture
def shell(tmp_path: Path, emulator: Path) -> Iterator[Shell]:
    directory = tmp_path / "hello"
    directory.mkdir()
    opened = Shell(directory, emulator)
    yield opened
    opened.close()


@pytest.mark.parametrize("path", RUNNABLE, ids=name)
def test_the_commands_of_a_document_run(
    path: Path, shell: Shell, request: pytest.FixtureRequest
) -> None:
    if DEPLOYS.search(path.read_text(encoding="utf-8")):
        port = request.getfixturevalue("ministack")
        shell.environment |= {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    for kind, filename, text in FENCE.findall(path.read_text(encoding="utf-8")):
        if filename:
            place = shell.directory / filename
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        elif kind == "console":
            for command, shown in commands(text):
                printed = shell.run(command)
                if shown:
                    assert printed.strip() == shown.strip(), f"$ {command}"


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console fence, and what it is shown to print."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        yield command, shown


@pytest.mark.parametrize("path", [*DOCUMENTS, *ABOUT_THE_PROJECT], ids=name)
def test_every_link_inside_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)|src=\"([^\"]+)\"", path.read_text(encoding="utf-8"))
    inside = [link for pair in links for link in pair if link and "://" not in link]
    assert [link for link in inside if not leads_somewhere(path, link)] == []


def leads_somewhere(document: Path, link: str) -> bool:
    """Say whether a link leads to a file and, if it names one, to a heading of it."""
    target, _, anchor = link.partition("#")
    path = document.parent / target if target else document
    if not anchor or not path.is_file():
        return path.exists()
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return anchor in {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


def test_the_reference_is_what_the_code_says() -> None:
    command = [sys.executable, "-m", "scripts.reference", "--check"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    decisions = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    for path in DOCUMENTS[1:]:
        relative = path.relative_to(ROOT / "docs").as_posix()
        if path.name != "README.md":
            assert relative in index or path.name in decisions, relative
