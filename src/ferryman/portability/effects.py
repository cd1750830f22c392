"""Judges facts on a target. Each function judges one kind of fact on one destination.

A function returns None if the fact has no effect there. Its text completes "on this target, ...".
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
    "starts_work",
    "streamed",
    "subprocess_run",
    "too_many_connections",
    "trusts_client",
    "websocket",
    "written_file",
)

_NEAR = 0.8
"""The share of a limit above which a fact is near the limit."""


def websocket(fact: Fact, on: Destination) -> Effect | None:
    """Judge a WebSocket that a handler opens."""
    if on.offered.websockets:
        return None
    return Effect("error", "the front door supports no WebSockets, so the client's handshake fails")


def streamed(fact: Fact, on: Destination) -> Effect | None:
    """Judge a streamed response. An infinite amount means a response that never ends."""
    limit = on.offered.time_limit
    if fact.amount == math.inf and limit is not None:
        before = "" if on.offered.streaming else "the client receives nothing, and "
        return Effect("error", f"{before}the response is cut off after {limit:g} s")
    if on.offered.streaming:
        return None
    return Effect("warning", "the client receives the whole response at its end")


def request_body(fact: Fact, on: Destination) -> Effect | None:
    """Judge the largest request body that the app accepts, in bytes."""
    limit = on.offered.request_limit
    if limit is None or (fact.amount or 0) <= limit:
        return None
    return Effect(
        "warning",
        f"the front door refuses bodies above {size_text(limit)} before the app sees them",
    )


def response_body(fact: Fact, on: Destination) -> Effect | None:
    """Judge the size of a response body, in bytes."""
    limit, size = on.offered.response_limit, fact.amount or 0
    if limit is None or size <= limit * _NEAR:
        return None
    if size > limit:
        return Effect(
            "error",
            f"the front door accepts at most {size_text(limit)}, so the client receives a 5xx",
        )
    return Effect("warning", f"the size is near the front door's limit of {size_text(limit)}")


def long_handler(fact: Fact, on: Destination) -> Effect | None:
    """Judge the seconds that a request takes or may take."""
    limit, seconds = on.offered.time_limit, fact.amount or 0
    if limit is None or seconds <= limit * _NEAR:
        return None
    if seconds >= limit:
        return Effect("error", f"a request is cut off after {limit:g} s")
    return Effect("warning", f"the time is near the limit of {limit:g} s")


def starts_work(fact: Fact, on: Destination) -> Effect | None:
    """Judge a task or a thread that the app starts with itself."""
    if on.freezes:
        return Effect("error", "it is frozen between requests, and it runs in each environment")
    return Effect("note", f"it runs in each {on.kind}") if on.several else None


def outlives_answer(fact: Fact, on: Destination) -> Effect | None:
    """Judge work that continues after the response. An infinite amount means a thread."""
    if not on.freezes:
        return Effect("note", "a shutdown may cut it off")
    if fact.amount == math.inf or not on.task_budget:
        return Effect(
            "error", "Lambda freezes it once the response is sent, because nothing waits for it"
        )
    return Effect(
        "warning", f"it may run for {on.task_budget:g} s after the response, then Lambda freezes it"
    )


def lost_task(fact: Fact, on: Destination) -> Effect | None:
    """Judge a task that nothing refers to."""
    return Effect("warning", "Python may collect the task as garbage before it is done")


def scheduled(fact: Fact, on: Destination) -> Effect | None:
    """Judge a scheduler inside the app."""
    if on.freezes:
        return Effect("error", "nothing runs between requests, so jobs are late or never run")
    if on.several:
        return Effect("error", f"each {on.kind} runs every job")
    return Effect("note", "with more workers, each would run every job")


def memory_changed(fact: Fact, on: Destination) -> Effect | None:
    """Judge a change that a request makes to the memory of its process."""
    if "cache" in fact.about.lower():
        return Effect("warning", f"each {on.kind} fills its own") if on.several else None
    if on.freezes:
        return Effect(
            "error", "each environment has its own copy, and Lambda discards environments"
        )
    if on.several:
        return Effect("error", f"each {on.kind} has its own copy, and the next request may miss it")
    return Effect("warning", "a restart loses it, and a second worker would have its own copy")


def own_key(fact: Fact, on: Destination) -> Effect | None:
    """Judge a signing or encryption key that the process generates itself."""
    if on.several or on.replaced:
        return Effect(
            "error", f"each {on.kind} generates its own key, and refuses what others signed"
        )
    return Effect("warning", "a restart signs every user out")


def made_at_import(fact: Fact, on: Destination) -> Effect | None:
    """Judge a client, lock, pool or executor that a module creates at import."""
    if on.freezes:
        return Effect("warning", "a SnapStart snapshot would hold it, with its dead connections")
    return Effect(
        "warning", "nothing closes it at shutdown, and a fork would share its connections"
    )


def process_pool(fact: Fact, on: Destination) -> Effect | None:
    """Judge a pool of processes, or locks and queues that processes share."""
    if on.freezes:
        return Effect("error", "Lambda has no shared memory, so the call raises OSError")
    return Effect("warning", f"each {on.kind} starts its own processes, which need more memory")


def written_file(fact: Fact, on: Destination) -> Effect | None:
    """Judge a write outside the temporary directory."""
    if on.offered.writable is not None:
        return Effect(
            "error", f"the app can write only to {on.offered.writable}, so the call raises OSError"
        )
    return Effect("warning", "the file stays on one machine, and a new image starts without it")


def left_file(fact: Fact, on: Destination) -> Effect | None:
    """Judge a file that stays in the temporary directory after the response."""
    if on.several or on.replaced:
        return Effect(
            "warning", f"each {on.kind} has its own files, and the next request may miss them"
        )
    return Effect("note", "a restart may lose the file")


def sqlite(fact: Fact, on: Destination) -> Effect | None:
    """Judge a database in a file or in memory."""
    if on.several or on.replaced:
        return Effect("error", f"each {on.kind} has its own database, and loses it at its end")
    return Effect("warning", "the database stays on one machine")


def blocked_loop(fact: Fact, on: Destination) -> Effect | None:
    """Judge a call that blocks the event loop."""
    if on.offered.concurrency == 1:
        return None
    return Effect("warning", f"all other requests of the {on.kind} wait until the call returns")


def forked(fact: Fact, on: Destination) -> Effect | None:
    """Judge a fork of the process."""
    if on.freezes:
        return Effect("error", "the child is frozen too, and has no shared memory")
    return Effect("warning", "the child shares the worker's connections and event loop")


def subprocess_run(fact: Fact, on: Destination) -> Effect | None:
    """Judge a program that the app runs."""
    if on.freezes:
        return Effect("warning", "the managed runtime has few programs, and no shell tools")
    return Effect("warning", "the image must contain the program, and python:slim has few")


def signal_handled(fact: Fact, on: Destination) -> Effect | None:
    """Judge a signal handler of the app."""
    if on.freezes:
        return Effect("warning", "Lambda may end an environment without a signal to the app")
    return Effect("error", "it replaces the server's handler, so the server cannot stop gracefully")


def too_many_connections(fact: Fact, on: Destination) -> Effect | None:
    """Describe the pools of a destination. `judgement` has compared their sum with the limit."""
    many = "many" if on.processes is None else f"{on.processes:,}"
    named = f"{many} {on.kinds if on.processes != 1 else on.kind}"
    if on.freezes and on.processes == LAMBDA_CONCURRENCY:
        named += " (reserve fewer in lambda.deploy.reserved_concurrency)"
    opens = "opens a pool" if on.processes == 1 else "open a pool each"
    return Effect("error", f"{named} {opens}")


def pooler(fact: Fact, on: Destination) -> Effect | None:
    """Judge statements that are prepared through a pooler in transaction mode."""
    return Effect("error", "queries fail with: prepared statement does not exist")


def trusts_client(fact: Fact, on: Destination) -> Effect | None:
    """Judge a use of the client's address, the scheme or the host of a request."""
    if on.trusts_proxies:
        return None
    return Effect(
        "warning", "behind a proxy the app sees the proxy's, because trusted_proxies is not set"
    )


def absolute_link(fact: Fact, on: Destination) -> Effect | None:
    """Judge an address of this machine in a response or in the code."""
    return Effect("warning", "the link leads to this machine, not to the app's public address")


def migrates_at_start(fact: Fact, on: Destination) -> Effect | None:
    """Judge a change of the database's schema at each start."""
    if on.several or on.replaced:
        return Effect("error", f"each {on.kind} migrates at its start, several at a time")
    return Effect("warning", "each restart migrates")
