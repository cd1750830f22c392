"""Invocations, environments and their ends, with AWS's runtime client as it is."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.local.lambda_.functions import OWN, Log, alive, bills, call, own, plain

from ferryman.local.lambda_.function import LocalFunction
from ferryman.targets.lambda_.bundle import HANDLER

AHEAD = "ferryman.local.lambda_.prestart"


def request(path: str = "/") -> dict[str, Any]:
    http = {"method": "GET", "sourceIp": "192.0.2.1"}
    context = {"http": http, "domainName": "local.lambda-url.us-east-1.on.aws"}
    path, _, query = path.partition("?")
    return {"version": "2.0", "rawPath": path, "rawQueryString": query, "requestContext": context}


async def test_an_environment_answers_again_and_again(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(plain(tmp_path, environments=1), log) as function:
        first = (await call(function)).document()
        second = (await call(function)).document()
    assert (first["calls"], second["calls"], first["pid"]) == (1, 2, second["pid"])
    assert 0 < first["left"] <= 30_000
    assert [line.split()[0] for line in log] == ["START", "handling", "END", "REPORT"] * 2
    assert [bill.init_ms is not None for bill in bills(log)] == [True, False]
    assert all((bill.used_mib or 0) > 5 for bill in bills(log))
    assert not alive(first["pid"])


@pytest.mark.parametrize(
    ("kind", "fault", "said", "survives"),
    [
        ("raise", "Function.Error", "no such order", True),
        ("exit", "Runtime.ExitError", "exit status 3", False),
        ("hang", "Sandbox.Timedout", "Task timed out after 1.00 seconds", False),
        ("big", "Function.ResponseSizeTooLarge", "(6291556 bytes)", False),
        ("memory", "Runtime.OutOfMemory", "signal: killed", False),
    ],
)
async def test_a_fault_is_told_and_the_next_invocation_works(
    kind: str, fault: str, said: str, survives: bool, tmp_path: Path
) -> None:
    log = Log()
    timeout = 1.0 if kind == "hang" else 20.0
    settings = plain(tmp_path, timeout=timeout, memory=128, environments=1)
    async with LocalFunction(settings, log) as function:
        before = (await call(function)).document()
        outcome = await call(function, kind=kind)
        after = (await call(function)).document()
    assert outcome.fault == fault
    assert said in outcome.document()["errorMessage"]
    assert (before["pid"] == after["pid"]) == survives
    assert not alive(before["pid"])


async def test_a_killed_environment_fails_its_request_and_no_other(tmp_path: Path) -> None:
    async with LocalFunction(plain(tmp_path), Log()) as function:
        hanging = asyncio.create_task(call(function, kind="hang"))
        while not (tmp_path / "hanging").exists():
            await asyncio.sleep(0.005)
        (environment,) = function.environments
        assert environment.pid is not None
        os.kill(environment.pid, signal.SIGKILL)
        outcome = await hanging
        assert outcome.fault == "Runtime.ExitError"
        assert "signal: killed" in outcome.document()["errorMessage"]
        assert (await call(function)).document()["calls"] == 1


async def test_it_grows_to_its_limit_and_then_refuses(tmp_path: Path) -> None:
    async with LocalFunction(plain(tmp_path, environments=3), Log()) as function:
        outcomes = await asyncio.gather(*[call(function, kind="nap") for _ in range(5)])
        assert len({each.document().get("pid") for each in outcomes if not each.fault}) == 3
        assert [each.fault for each in outcomes if each.fault] == ["TooManyRequestsException"] * 2
        assert len(function.environments) == 3


async def test_an_event_over_the_limit_never_reaches_it(tmp_path: Path) -> None:
    async with LocalFunction(plain(tmp_path), Log()) as function:
        outcome = await function.invoke(b'"' + b"x" * 6_300_000 + b'"')
        assert outcome.fault == "RequestTooLargeException"
        assert function.environments == ()


@pytest.mark.parametrize(
    ("source", "init_timeout", "said"),
    [
        ("raise OSError('no database')", 10.0, "no database"),
        ("import os; os._exit(7)", 10.0, "exit status 7"),
        ("import time; time.sleep(60)", 0.3, "Task timed out after 0.60 seconds"),
    ],
)
async def test_an_init_phase_that_fails_says_why(
    source: str, init_timeout: float, said: str, tmp_path: Path
) -> None:
    log = Log()
    settings = plain(tmp_path, source=source, init_timeout=init_timeout, timeout=0.6)
    async with LocalFunction(settings, log) as function:
        outcome = await call(function)
        assert outcome.fault in ("Runtime.InitError", "Sandbox.Timedout")
        assert said in outcome.document()["errorMessage"]
        # What took too long is tried once more in the invocation, and has its time.
        phases = [line.split("\t")[1] for line in log.starting("INIT_REPORT")]
        assert phases == ["Phase: init", "Phase: invoke"][: 1 + ("timed out" in said)]
        (tmp_path / "plain.py").write_text("def handler(event, context): return 'mended'")
        assert (await call(function)).document() == "mended"


async def test_a_slow_start_gets_the_functions_own_time_in_a_second_try(tmp_path: Path) -> None:
    log = Log()
    slow = "import time; time.sleep(0.5)\ndef handler(event, context): return 'at last'"
    settings = plain(tmp_path, source=slow, init_timeout=0.2, timeout=20.0)
    async with LocalFunction(settings, log) as function:
        assert (await call(function)).document() == "at last"
        assert (await call(function)).document() == "at last"
    assert len(log.starting("INIT_REPORT")) == 1


async def test_what_starts_ahead_loads_the_app_no_sooner_than_it_is_wanted(tmp_path: Path) -> None:
    log = Log()
    settings = replace(own(tmp_path), ahead=True)
    settings = replace(settings, command=(sys.executable, "-m", AHEAD, HANDLER))
    async with LocalFunction(settings, log) as function:
        assert (await call(function, **request())).document()["body"] == "hello"
        text = (tmp_path / "hello.py").read_text()
        (tmp_path / "hello.py").write_text(text.replace('text="hello"', 'text="changed"'))
        await function.replace()
        assert (await call(function, **request())).document()["body"] == "changed"
    # What was done ahead is in the bill: an interpreter and aiohttp take that long anywhere.
    assert all(bill.init_ms > 50 for bill in bills(log) if bill.init_ms)


async def test_a_prepared_environment_says_what_is_wrong_before_any_event(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(plain(tmp_path, source="raise OSError('no'"), log) as function:
        function.prepare()
        async with asyncio.timeout(20):
            while function.environments:
                await asyncio.sleep(0.01)
        assert "SyntaxError" in "".join(log)
        assert len(log.starting("INIT_REPORT")) == 1
        (tmp_path / "plain.py").write_text("def handler(event, context): return 'mended'")
        function.prepare()
        (environment,) = function.environments
        assert await environment.started is None
        assert (await call(function)).document() == "mended"
        assert len(function.environments) == 1


async def test_a_command_that_is_not_there_is_said(tmp_path: Path) -> None:
    settings = plain(tmp_path)
    settings = type(settings)(("/nowhere/python",), tmp_path)
    async with LocalFunction(settings, Log()) as function:
        outcome = await call(function)
    assert outcome.fault is not None
    assert "/nowhere/python" in str(outcome.document()) or "127" in str(outcome.document())


async def test_nothing_runs_between_invocations(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(own(tmp_path, environments=1), log) as function:
        first = await call(function, **request("/ticks"))
        await asyncio.wait_for(first.finished, 5) if first.finished else None
        await asyncio.sleep(0.3)
        second = await call(function, **request("/ticks"))
    gone = int(second.document()["body"]) - int(first.document()["body"])
    # It ticks every 10 ms, and would have 30 times.
    assert gone < 10
    assert "the app is stopped" in log


async def test_an_idle_environment_is_ended_in_order(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(own(tmp_path, idle=0.05), log) as function:
        assert (await call(function, **request())).document()["body"] == "hello"
        async with asyncio.timeout(10):
            while function.environments or "the app is stopped" not in log:
                await asyncio.sleep(0.01)


SNAPSHOT = OWN.replace(
    "def create_app",
    """import ferryman

@ferryman.before_snapshot
def before():
    print("before the snapshot", flush=True)

@ferryman.after_restore
async def after():
    print("after the restore", flush=True)
    await asyncio.sleep(float(os.environ.get("NAP", 0)))
    if "BROKEN" in os.environ:
        raise OSError("no database")

def create_app""",
).replace("import asyncio", "import asyncio, os", 1)


async def test_a_snapshot_is_taken_and_restored_before_the_first_event(tmp_path: Path) -> None:
    log = Log()
    settings = own(tmp_path, source=SNAPSHOT, snapshot=True, environments=1)
    async with LocalFunction(settings, log) as function:
        assert (await call(function, **request())).document()["body"] == "hello"
        assert (await call(function, **request())).document()["body"] == "hello"
    assert log[:2] == ["before the snapshot", "after the restore"]
    first, second = log.starting("REPORT")
    assert "\tRestore Duration: " in first
    assert "\tBilled Restore Duration: " in first
    assert "Init Duration" not in first
    assert "Restore Duration" not in second


@pytest.mark.parametrize(
    ("variables", "said"),
    [({"BROKEN": "1"}, "no database"), ({"NAP": "5"}, "the restore phase timed out")],
)
async def test_a_restore_that_fails_says_why(
    variables: dict[str, str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ferryman.local.lambda_.environment_process._RESTORE", 1.0)
    log = Log()
    settings = own(tmp_path, source=SNAPSHOT, snapshot=True)
    settings = replace(settings, variables={**settings.variables, **variables})
    async with LocalFunction(settings, log) as function:
        outcome = await call(function, **request())
    assert outcome.fault in ("Runtime.InitError", "Sandbox.Timedout")
    assert said in outcome.document()["errorMessage"]
    assert len(log.starting("RESTORE_REPORT Restore Duration: ")) == 1


async def test_managed_instances_take_many_at_once_in_one_process(tmp_path: Path) -> None:
    async with LocalFunction(own(tmp_path, concurrency=4), Log()) as function:
        outcomes = await asyncio.gather(*[call(function, **request()) for _ in range(4)])
        assert [each.document()["body"] for each in outcomes] == ["hello"] * 4
        assert len(function.environments) == 1


async def test_after_a_replacement_the_next_event_sees_the_new_code(tmp_path: Path) -> None:
    settings = plain(tmp_path)
    async with LocalFunction(settings, Log()) as function:
        slow = asyncio.create_task(call(function, kind="nap"))
        await asyncio.sleep(0)
        while not any(each.pid for each in function.environments):
            await asyncio.sleep(0.005)
        (tmp_path / "plain.py").write_text("def handler(event, context): return 'new'")
        while not (function.environments and function.environments[0].started.done()):
            await asyncio.sleep(0.005)
        await function.replace()
        assert (await call(function)).document() == "new"
        assert (await slow).fault is None
