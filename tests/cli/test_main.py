"""The command itself: its help, its errors and its exit statuses, as a shell sees them."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from tests.unmeasured import unmeasured

from ferryman.cli import main as command_line
from ferryman.cli.main import cli, main
from ferryman.core.errors import AppError, BuildError, ConfigError, FerrymanError
from ferryman.targets.deployment import Deployable
from ferryman.targets.registry import installed_targets

# What no `--help` may wait for. A module of a target counts, for it may import anything.
HEAVY = ("aiohttp", "pydantic", "rich", "kubernetes", "ferryman.targets")

LOADED = """
import sys
from ferryman.cli.main import main
try:
    main()
finally:
    print(*sorted(sys.modules), file=sys.stderr)
"""


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ferryman", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd)


VERBS = [
    (),
    *((name,) for name in cli.list_commands(click.Context(cli))),
    *(("config", name) for name in ("keys", "show")),
    *(("cost", name) for name in ("cold-starts", "prices", "selfcheck", "serve")),
    *(("cost", "prices", name) for name in ("check", "show", "update")),
]


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_help_has_an_example_and_loads_nothing_heavy(verb: tuple[str, ...]) -> None:
    command = [sys.executable, "-c", LOADED, *verb, "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    shown, loaded = done.stdout, done.stderr.split()
    example = re.split(r"Examples?:\n", shown, maxsplit=1)[-1].strip().splitlines()[0]
    assert example.startswith(" ".join(["ferryman", *verb]))
    assert "\\b" not in shown
    assert [name for name in loaded if name.startswith(HEAVY)] == []


def test_help_says_of_each_value_what_it_is() -> None:
    unsaid = [
        f"{' '.join(path)} {name}"
        for path, command in commands(cli, ())
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.is_flag
        for name in parameter.opts
        if parameter.make_metavar(click.Context(command)).startswith(("TEXT", "INTEGER", "FLOAT"))
    ]
    assert unsaid == []
    for name, target in installed_targets().items():
        assert isinstance(target, Deployable)
        options = [each for each in target.verb_options if not each.switch]
        assert [each.flags for each in options if not (each.metavar or each.choices)] == [], name


def commands(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yield a command and those below it, with the words that call them."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below
            yield from commands(below, (*path, name))


@pytest.mark.parametrize("name", ["ferryman", "ferryman.core.errors", "ferryman.cli"])
def test_importing_the_package_loads_neither_aiohttp_nor_pydantic_nor_click(name: str) -> None:
    code = f"import sys, {name}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"aiohttp", "pydantic", "click"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    ("arguments", "error", "hint"),
    [
        (["buld"], "there is no command 'buld'", "did you mean 'build'?"),
        (["zzzz"], "there is no command 'zzzz'", "there are build, check"),
        (["build"], "no target was given", "pass -t lambda"),
        (["build", "--zzzz"], "no such option", "`ferryman build --help` shows"),
        (["targets", "x"], "got unexpected extra argument (x)", "`ferryman targets --help`"),
        (["config", "shwo"], "no such command 'shwo'", "`ferryman config --help`"),
        (["build", "-t", "lamda"], "there is no target 'lamda'", "did you mean 'lambda'?"),
        (["build", "-t", "lambda", "--set", "x"], "--set x is not KEY=VALUE", "write --set"),
        (["build", "-t", "lambda", "--set", "=x"], "--set =x is not KEY=VALUE", "write --set"),
        (["build", "-t", "lambda", "-C", "/nowhere"], "there is no directory /nowhere", "-C"),
        (["build", "-t", "lambda", "--env", "p"], "--env p: pyproject.toml has no overlay", ""),
        (["config", "show", "--set", "ap=x"], "flag ap: there is no setting 'ap'", "'app'?"),
    ],
)
def test_a_wrong_usage_is_told_on_standard_error(
    arguments: list[str],
    error: str,
    hint: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["ferryman", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capfd.readouterr()
    assert ended.value.code == 2
    assert said.out == ""
    assert said.err.startswith(f"error: {error}")
    assert hint in said.err
    assert all(line.startswith(("error: ", "cause: ", "hint: ")) for line in said.err.splitlines())


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (FerrymanError("it failed"), 1, "error: it failed\n"),
        (BuildError("no", cause="this", hint="that"), 1, "error: no\ncause: this\nhint: that\n"),
        (ConfigError("wrong key"), 2, "error: wrong key\n"),
        (AppError("raised"), 3, "error: raised\n"),
        (KeyboardInterrupt(), 130, "\n"),
        (click.Abort(), 130, ""),
        (OSError(28, "Full", "dist/x"), 1, "error: dist/x: Full\nhint: free some disk space\n"),
        (OSError(13, "Permission denied"), 1, "error: Permission denied\n"),
        (OSError("odd"), 1, "error: odd\n"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_failure_has_its_status(
    raised: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    @click.command()
    def command() -> None:
        raise raised

    monkeypatch.setattr(command_line.cli, "get_command", lambda context, name: command)
    monkeypatch.setattr(sys, "argv", ["ferryman", "targets"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == status
    assert capfd.readouterr() == ("", said)


@pytest.mark.parametrize("returned", [0, 3, None])
def test_what_a_command_returns_is_the_status(
    returned: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = click.Command("serve", callback=lambda: returned)
    monkeypatch.setattr(command_line.cli, "get_command", lambda context, name: command)
    monkeypatch.setattr(sys, "argv", ["ferryman", "serve"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == (returned or 0)


@pytest.mark.parametrize("arguments", [["targets"], ["--help"], ["targets", "--json"]])
def test_a_reader_that_stops_reading_is_no_news(arguments: list[str]) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "ferryman", *arguments]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, text=True)
    os.close(writing)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_closed_standard_output_is_no_failure() -> None:
    done = subprocess.run(
        ["sh", "-c", 'exec "$0" -m ferryman targets >&-', sys.executable],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("stream", [1, 2])
def test_a_closed_stream_gets_no_file_in_its_place(stream: int) -> None:
    """Without a standard error, what a child process says would go into a file that is open."""
    code = """
import os, sys
from ferryman.cli.main import main
sys.argv = ["ferryman", "targets"]
try:
    main()
finally:
    opened = os.open(sys.executable, os.O_RDONLY)
    os.write(int(os.environ["SPARE"]), str(opened).encode())
"""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {stream}>&-', sys.executable, code],
        env=os.environ | {"SPARE": str(writing)},
        pass_fds=[writing],
        capture_output=True,
    )
    os.close(writing)
    with os.fdopen(reading, "rb") as said:
        opened = int(said.read())
    assert done.returncode == 0
    assert done.stderr == b""
    assert opened > 2


@pytest.mark.parametrize(
    "verb", ["--help", "--version", "targets", "completion bash", "cost --requests 20M"]
)
def test_a_full_standard_output_is_told_in_words(verb: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "ferryman", *verb.split()]
        done = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment
        )
    assert done.returncode == 1
    assert done.stderr.endswith(
        "error: the standard output cannot be written\n"
        "cause: No space left on device\nhint: free some disk space\n"
    )


@pytest.mark.parametrize(("verb", "status"), [("buld", 2), ("", 2), ("build -t lamda", 2)])
def test_a_full_standard_error_changes_no_status(verb: str, status: int) -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "ferryman", *verb.split()]
        assert subprocess.run(command, stderr=full).returncode == status


def test_a_table_goes_nowhere_without_a_standard_output() -> None:
    command = ["sh", "-c", 'exec "$0" -m ferryman cost --requests 20M >&-', sys.executable]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_ends_with_its_status_and_no_traceback(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    number: signal.Signals,
    status: int,
) -> None:
    """A build is interrupted while uv runs, and leaves nothing."""
    (tmp_path / "app.py").write_text("app = 1")
    uv = tmp_path / "bin" / "uv"
    uv.parent.mkdir()
    uv.write_text("#!/bin/sh\necho started >&2\ntouch started\nexec sleep 30\n")
    uv.chmod(0o755)
    # A shell starts its background jobs deaf to Ctrl-C, `nohup` starts them deaf to SIGHUP, and
    # these tests may be one of them.
    hearing = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "signal.signal(signal.SIGHUP, signal.SIG_DFL)"
    )
    code = f"{hearing}; sys.modules['uv'] = None; from ferryman.cli.main import main; main()"
    building = subprocess.Popen(
        [sys.executable, "-c", code, "build", "-t", "lambda", "--app", "app:app"],
        cwd=tmp_path,
        env=unmeasured()
        | {
            "PATH": f"{uv.parent}:{os.environ['PATH']}",
            # Its own: from another's cache it would be done without uv.
            "XDG_CACHE_HOME": str(tmp_path_factory.mktemp("cache")),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        while not (tmp_path / "started").exists():
            assert building.poll() is None
        building.send_signal(number)
        out, err = building.communicate(timeout=20)
    finally:
        building.kill()
        building.communicate()
    assert building.returncode == status
    assert (out, err.strip()) == ("", "")
    assert names(tmp_path) == ["app.py", "bin", "started"]


def test_the_version_is_that_of_the_package() -> None:
    from importlib.metadata import version

    assert run("--version").stdout.strip() == version("ferryman")


def test_without_a_verb_the_help_is_shown_as_for_wrong_usage() -> None:
    done = run()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("Usage: ")


@pytest.mark.parametrize(("variable", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False)])
def test_on_a_terminal_errors_are_coloured_unless_no_color_is_set(
    variable: dict[str, str], coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    environment = {k: v for k, v in os.environ.items() if k != "NO_COLOR"} | variable
    command = [sys.executable, "-m", "ferryman", "build", "-t", "lamda"]
    done = subprocess.run(command, stdout=theirs, stderr=theirs, env=environment)
    shown = os.read(ours, 10_000).decode()
    assert done.returncode == 2
    assert "there is no target 'lamda'" in shown
    assert ("\x1b[" in shown) is coloured
