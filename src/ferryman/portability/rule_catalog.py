"""The rules: each with its title, its judgement, its reason and its fix."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ferryman.portability import effects
from ferryman.portability.destinations import Destination
from ferryman.portability.finding import Effect, Fact

__all__ = ("RULES", "Rule")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        code: Its code: `M` and three digits.
        title: The finding, in half a sentence.
        judge: Judges a fact on a destination.
        why: Why the app does not move, in a sentence or two.
        mend: How to fix it.
    """

    code: str
    title: str
    judge: Callable[[Fact, Destination], Effect | None]
    why: str
    mend: str


_CACHE = "keep it in ferryman.cache, Redis or a database"
_LATER = "send it to a queue, or await it before the answer"

_ALL = (
    Rule(
        "M101",
        "a WebSocket",
        effects.websocket,
        "A function gets a whole request and gives a whole answer. No door of Lambda "
        "supports an upgraded connection.",
        "answer by server-sent events or polling, or run this route on a server",
    ),
    Rule(
        "M102",
        "a streamed answer",
        effects.streamed,
        "Without streaming, a door sends an answer once it is complete. One that never ends is "
        "cut off at the time limit.",
        "set lambda.streaming, or answer in pages that each end",
    ),
    Rule(
        "M103",
        "request bodies larger than a door takes",
        effects.request_body,
        "The app takes bodies up to its client_max_size, and a door refuses them earlier.",
        "let clients upload to S3 by a presigned URL, or lower client_max_size",
    ),
    Rule(
        "M104",
        "an answer near or beyond a door's limit",
        effects.response_body,
        "A door passes on answers up to a size; a larger one becomes an error.",
        "redirect to S3 or a CDN, answer in pages, or set lambda.streaming",
    ),
    Rule(
        "M105",
        "a handler near or beyond the time limit",
        effects.long_handler,
        "A function and API Gateway cut a request off after their time limits.",
        "bound the wait by asyncio.timeout, put the work in a queue, or raise lambda.timeout",
    ),
    Rule(
        "M201",
        "a task that runs from the start on",
        effects.starts_task,
        "An environment of Lambda is frozen between requests, and a task with it.",
        "run it by a schedule or a queue (ferryman.trigger_route), and not inside the app",
    ),
    Rule(
        "M202",
        "a thread that runs from the start on",
        effects.starts_thread,
        "An environment of Lambda is frozen between requests, and its threads with it.",
        "run it by a schedule or a queue (ferryman.trigger_route), and not inside the app",
    ),
    Rule(
        "M203",
        "a task that outlives its answer",
        effects.outlives_answer,
        "Once the answer is sent, an environment of Lambda may be frozen or end. A task that "
        "nothing refers to may be collected before it is done, anywhere.",
        _LATER,
    ),
    Rule(
        "M204",
        "a thread that outlives its answer",
        effects.outlives_answer,
        "Nothing waits for a thread: an environment of Lambda is frozen with the answer sent.",
        f"await asyncio.to_thread(...) in the handler; {_LATER}",
    ),
    Rule(
        "M205",
        "a scheduler inside the app",
        effects.scheduled,
        "A clock inside the app stops while the app is frozen, and runs once in each process.",
        "let EventBridge, a CronJob or a systemd timer call the job (ferryman.trigger_route)",
    ),
    Rule(
        "M301",
        "app state that a request changes",
        effects.memory_changed,
        "Each environment, worker and pod has its own app.",
        _CACHE,
    ),
    Rule(
        "M302",
        "module state that a request changes",
        effects.memory_changed,
        "Each environment, worker and pod has modules of its own.",
        _CACHE,
    ),
    Rule(
        "M303",
        "sessions in memory",
        effects.memory_changed,
        "The next request of a visitor may reach another process, which does not know them.",
        "keep sessions in a signed or encrypted cookie, in ferryman.cache or in Redis",
    ),
    Rule(
        "M304",
        "a session that a second process does not know",
        effects.own_key,
        "What one process signs with a key of its own, others refuse.",
        "read the key from a secret that all processes have",
    ),
    Rule(
        "M305",
        "a client, lock, pool or executor made at import",
        effects.made_at_import,
        "What is made at import belongs to no event loop and is never closed. A lock guards its "
        "own process alone.",
        "make it in a cleanup_ctx generator of the app",
    ),
    Rule(
        "M306",
        "a pool of processes, or what they share",
        effects.process_pool,
        "Lambda has no /dev/shm, which multiprocessing's locks, queues and pools need.",
        "use asyncio.to_thread for what releases the GIL, and a queue with workers for the rest",
    ),
    Rule(
        "M401",
        "a file written outside the temporary directory",
        effects.written_file,
        "A function's files and those of our pods are read-only, and a container's are lost.",
        "keep it in S3 or a database; log to standard output",
    ),
    Rule(
        "M402",
        "a file left in the temporary directory",
        effects.left_file,
        "Each environment and each pod has a temporary directory of its own.",
        "remove it before the answer, or keep it in S3 or a database",
    ),
    Rule(
        "M403",
        "a database in a file or in memory",
        effects.sqlite,
        "SQLite's file is on one machine, and its memory in one process.",
        "use PostgreSQL, MySQL or DynamoDB",
    ),
    Rule(
        "M501",
        "a name looked up on the event loop",
        effects.blocked_loop,
        "socket.getaddrinfo and similar functions wait for DNS, and block the event loop.",
        "await loop.getaddrinfo(...), or let an asynchronous client connect",
    ),
    Rule(
        "M502",
        "a blocking connection on the event loop",
        effects.blocked_loop,
        "A socket that blocks makes the event loop wait for the other side.",
        "use an asynchronous client, or await asyncio.to_thread(...)",
    ),
    Rule(
        "M511",
        "a fork",
        effects.forked,
        "A forked child has the connections and the event loop of its parent.",
        "use a queue with workers of its own, or asyncio.to_thread",
    ),
    Rule(
        "M512",
        "a program that is run",
        effects.subprocess_run,
        "The managed runtime of Lambda and small images hold few programs.",
        "use a Python package for it, or build an image that has the program",
    ),
    Rule(
        "M513",
        "a signal handler",
        effects.signal_handled,
        "The server stops in order by its own handlers of signals.",
        "do the work in on_shutdown or on_cleanup",
    ),
    Rule(
        "M601",
        "more connections than the database takes",
        effects.too_many_connections,
        "Each process opens its pool. During a migration both sides do.",
        "size the pool by ferryman.capabilities().concurrency, or put a pooler in between",
    ),
    Rule(
        "M602",
        "prepared statements through a pooler in transaction mode",
        effects.pooler,
        "PgBouncer before 1.21 and Supabase on port 6543 give each transaction another "
        "connection, which does not know the statement.",
        "pass statement_cache_size=0 (asyncpg) or prepare_threshold=None (psycopg)",
    ),
    Rule(
        "M701",
        "the client's address, scheme or host without trusted proxies",
        effects.trusts_client,
        "Behind a proxy, the connection is the proxy's. The app sees its headers about the "
        "client only if it is trusted.",
        "set server.trusted_proxies and server.proxy, and those of lambda behind CloudFront",
    ),
    Rule(
        "M702",
        "an absolute link to this machine",
        effects.absolute_link,
        "The address of the app differs from target to target.",
        "send relative links, or read the public address from a setting",
    ),
    Rule(
        "M801",
        "a migration of the database at each start",
        effects.migrates_at_start,
        "Environments, workers and pods start at any time, several at once.",
        "run it once before the release: a step of the pipeline, or a Job",
    ),
)

RULES: Mapping[str, Rule] = {rule.code: rule for rule in _ALL}
"""Every rule, by its code."""
