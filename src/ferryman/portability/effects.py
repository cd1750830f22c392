"""Judges facts on a target: a function for each kind, from a fact and a destination.

None means that the fact has no effect there. The texts complete "on this target, ...".
"""

from __future__ import annotations

import math

from ferryman.portability.destinations import LAMBDA_CONCURRENCY, Destination
from ferryman.portability.finding import Effect, Fact
from ferryman.records.wording import size_text

__all__ = (
    "absolute_link",
    "blocked_loop",
    "forked",
    "left_file",
    "long_handler",
    "lost_task",
    "made_at_import",
    "memory_changed",
    "migrates_at_start",
    "outlives_answer",
    "own_key",
    "pooler",
    "process_pool",
    "request_body",
    "response_body",
    "scheduled",
    "signal_handled",
    "sqlite",
    "starts_task",
    "starts_thread",
    "streamed",
    "subprocess_run",
    "too_many_connections",
    "trusts_client",
    "websocket",
    "written_file",
)

_NEAR = 0.8
"""The share of a limit above which a fact counts as near it."""

_TOOLS = "the image must contain the program: python:slim has few"


def websocket(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a WebSocket is opened."""
    if on.offered.websockets:
        return None
    return Effect("error", "the door carries no WebSockets: the client's handshake fails")


def streamed(fact: Fact, on: Destination) -> Effect | None:
    """Judge that an answer is written piece by piece; infinite: it does not end."""
    if on.offered.streaming and on.offered.time_limit is None:
        return None
    endless = fact.amount == math.inf
    limit = on.offered.time_limit
    if endless and limit is not None:
        before = "" if on.offered.streaming else "nothing of it arrives before, and "
        return Effect("error", f"{before}it is cut off after {limit:g} s")
    if on.offered.streaming:
        return None
    return Effect("warning", "the client gets it whole, once it has ended")


def request_body(fact: Fact, on: Destination) -> Effect | None:
    """Judge that the app takes request bodies of some bytes."""
    limit = on.offered.request_limit
    if limit is None or (fact.amount or 0) <= limit:
        return None
    return Effect("warning", f"the door refuses bodies above {size_text(limit)} before the app")


def response_body(fact: Fact, on: Destination) -> Effect | None:
    """Judge that an answer has some bytes."""
    limit, size = on.offered.response_limit, fact.amount or 0
    if limit is None or size <= limit * _NEAR:
        return None
    if size > limit:
        return Effect(
            "error", f"the door passes on {size_text(limit)} at most: the client gets a 5xx"
        )
    return Effect("warning", f"it is near the limit of the door, {size_text(limit)}")


def long_handler(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a request takes, or may take, some seconds."""
    limit, seconds = on.offered.time_limit, fact.amount or 0
    if limit is None or seconds <= limit * _NEAR:
        return None
    if seconds >= limit:
        return Effect("error", f"a request is cut off after {limit:g} s")
    return Effect("warning", f"it is near the limit of {limit:g} s")


def starts_task(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a task runs from the start of the app on."""
    if on.freezes:
        return Effect("error", "it stands still between requests, and runs in each environment")
    return Effect("note", f"it runs in each {on.kind}") if on.several else None


def starts_thread(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a thread runs from the start of the app on."""
    return starts_task(fact, on)


def outlives_answer(fact: Fact, on: Destination) -> Effect | None:
    """Judge that work goes on after the answer; a thread's, if the amount is infinite."""
    if not on.freezes:
        return Effect("note", "a stop may cut it off")
    if fact.amount == math.inf or not on.task_budget:
        return Effect("error", "nothing waits for it: it stands still once the answer is sent")
    budget = f"{on.task_budget:g} s"
    return Effect("warning", f"it gets {budget} after the answer, then stands still")


def lost_task(fact: Fact, on: Destination) -> Effect | None:
    """Judge that nothing refers to a task."""
    return Effect("warning", "the task may be collected before it is done")


def scheduled(fact: Fact, on: Destination) -> Effect | None:
    """Judge that jobs are run by a clock in the app."""
    if on.freezes:
        return Effect("error", "nothing runs between requests, so jobs are late or never run")
    if on.several:
        return Effect("error", f"each {on.kind} runs every job")
    return Effect("note", "more workers would each run every job")


def memory_changed(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a request changes what the process keeps in memory."""
    if "cache" in fact.about.lower():
        return Effect("warning", f"each {on.kind} fills its own") if on.several else None
    if on.freezes:
        return Effect("error", "each environment has its own, and it is lost with the environment")
    if on.several:
        return Effect("error", f"each {on.kind} has its own, and the next request may miss it")
    return Effect("warning", "a restart loses it, and a second worker would have its own")


def own_key(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a key that signs or encrypts is made by the process itself."""
    if on.several or on.replaced:
        return Effect("error", f"each {on.kind} makes its own, and refuses what others signed")
    return Effect("warning", "a restart signs everybody out")


def made_at_import(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a client, a lock, a pool or an executor is made while a module is imported."""
    if on.freezes:
        return Effect("warning", "a SnapStart snapshot would hold it, with its dead connections")
    return Effect("warning", "nothing closes it at a stop, and a fork would share its connections")


def process_pool(fact: Fact, on: Destination) -> Effect | None:
    """Judge that processes are pooled, or share locks or queues."""
    if on.freezes:
        return Effect("error", "there is no shared memory for it: it raises OSError")
    return Effect("warning", f"each {on.kind} starts its own processes, beyond its memory")


def written_file(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a file is written outside the temporary directory."""
    if on.offered.writable is not None:
        return Effect("error", f"only {on.offered.writable} can be written: it raises OSError")
    return Effect("warning", "it stays on one machine, and a new image starts without it")


def left_file(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a file stays in the temporary directory after the answer."""
    if on.several or on.replaced:
        return Effect("warning", f"each {on.kind} has its own, and the next request may miss it")
    return Effect("note", "a restart may lose it")


def sqlite(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a database is a file, or is in memory."""
    if on.several or on.replaced:
        return Effect("error", f"each {on.kind} has its own database, and loses it")
    return Effect("warning", "it stays on one machine")


def blocked_loop(fact: Fact, on: Destination) -> Effect | None:
    """Judge that the event loop waits."""
    if on.offered.concurrency == 1:
        return None
    return Effect("warning", f"all requests of the {on.kind} wait with it")


def forked(fact: Fact, on: Destination) -> Effect | None:
    """Judge that the process forks."""
    if on.freezes:
        return Effect("error", "the child is frozen too, and has no shared memory")
    return Effect("warning", "the child shares the worker's connections and loop")


def subprocess_run(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a program is run."""
    if on.freezes:
        return Effect("warning", "the managed runtime has few programs, and no shell tools")
    return Effect("warning", _TOOLS)


def signal_handled(fact: Fact, on: Destination) -> Effect | None:
    """Judge that a signal is handled by the app."""
    if on.freezes:
        return Effect("warning", "the environment's end is not a signal that reaches the app first")
    return Effect("error", "the server's own handler is gone, and with it the orderly stop")


def too_many_connections(fact: Fact, on: Destination) -> Effect | None:
    """Judge that pools of some connections a process are more than the database takes.

    The amount is that of all destinations of the larger migration; it was judged before.
    """
    many = "many" if on.processes is None else f"{on.processes:,}"
    named = f"{many} {on.kinds if on.processes != 1 else on.kind}"
    if on.freezes and on.processes == LAMBDA_CONCURRENCY:
        named += " (reserve fewer in lambda.deploy.reserved_concurrency)"
    opens = "opens a pool" if on.processes == 1 else "open a pool each"
    return Effect("error", f"{named} {opens}")


def pooler(fact: Fact, on: Destination) -> Effect | None:
    """Judge that statements are prepared through a pooler of transactions."""
    return Effect("error", "queries fail: prepared statement does not exist")


def trusts_client(fact: Fact, on: Destination) -> Effect | None:
    """Judge that the client's address, the scheme or the host of a request is used."""
    if on.trusts_proxies:
        return None
    return Effect("warning", "behind a proxy it is the proxy's, for trusted_proxies is not set")


def absolute_link(fact: Fact, on: Destination) -> Effect | None:
    """Judge that an address of this machine is in an answer, or in the code."""
    return Effect("warning", "it leads to the machine or the host of the request, not to the door")


def migrates_at_start(fact: Fact, on: Destination) -> Effect | None:
    """Judge that each start changes the schema of the database."""
    if on.several or on.replaced:
        return Effect("error", f"each {on.kind} runs it at its start, several at a time")
    return Effect("warning", "each restart runs it")
