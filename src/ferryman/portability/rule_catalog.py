"""The rules of `ferryman check`, each with its title, judgement, reason and fix."""

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
        code: `M` and three digits.
        title: The finding, without a verb.
        judge: Judges a fact on a destination.
        why: Why the app does not move, in a sentence or two.
        mend: How to fix the app.
    """

    code: str
    title: str
    judge: Callable[[Fact, Destination], Effect | None]
    why: str
    mend: str


_CACHE = "keep it in ferryman.cache, Redis or a database"
_TASK = "send the work to a queue, or await it before the response"
_SCHEDULE = "run it by a schedule or a queue (ferryman.trigger_route), outside the app"

_ALL = (
    Rule(
        "M101",
        "a WebSocket",
        effects.websocket,
        "A function receives a whole request and returns a whole response. ferryman supports no "
        "front door of Lambda that passes an upgraded connection to a function.",
        "use server-sent events or polling, or run this route on a server",
    ),
    Rule(
        "M102",
        "a streamed response",
        effects.streamed,
        "Without streaming, a front door sends a response when it is complete. A response that "
        "never ends is cut off at the time limit.",
        "set lambda.streaming, or split the response into pages",
    ),
    Rule(
        "M103",
        "request bodies above a front door's limit",
        effects.request_body,
        "The app accepts bodies up to its client_max_size. A front door has a lower limit.",
        "let clients upload to S3 by a presigned URL, or lower client_max_size",
    ),
    Rule(
        "M104",
        "a response near or above a front door's limit",
        effects.response_body,
        "A front door turns a response above its limit into an error.",
        "redirect to S3 or a CDN, split the response into pages, or set lambda.streaming",
    ),
    Rule(
        "M105",
        "a handler near or beyond the time limit",
        effects.long_handler,
        "Lambda and API Gateway cut off a request at their time limits.",
        "limit the wait with asyncio.timeout, send the work to a queue, or raise lambda.timeout",
    ),
    Rule(
        "M201",
        "a task that starts with the app",
        effects.starts_work,
        "Lambda freezes an environment between requests, with its tasks.",
        _SCHEDULE,
    ),
    Rule(
        "M202",
        "a thread that starts with the app",
        effects.starts_work,
        "Lambda freezes an environment between requests, with its threads.",
        _SCHEDULE,
    ),
    Rule(
        "M203",
        "a task that outlives its response",
        effects.outlives_answer,
        "Lambda may freeze or end an environment after the response. On every target, Python may "
        "collect a task that nothing refers to before the task is done.",
        _TASK,
    ),
    Rule(
        "M204",
        "a thread that outlives its response",
        effects.outlives_answer,
        "Lambda freezes an environment after the response, and ferryman does not wait for threads.",
        "await asyncio.to_thread(...) in the handler, or send the work to a queue",
    ),
    Rule(
        "M205",
        "a scheduler inside the app",
        effects.scheduled,
        "A scheduler inside the app stops while the app is frozen, and runs in each process.",
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
        "Each environment, worker and pod has its own modules.",
        _CACHE,
    ),
    Rule(
        "M303",
        "sessions in memory",
        effects.memory_changed,
        "The visitor's next request may reach another process, which does not have the session.",
        "keep sessions in a signed or encrypted cookie, in ferryman.cache or in Redis",
    ),
    Rule(
        "M304",
        "a session that a second process refuses",
        effects.own_key,
        "A process that generates its own key refuses sessions that another process signed.",
        "read the key from a secret that all processes share",
    ),
    Rule(
        "M305",
        "a client, lock, pool or executor created at import",
        effects.made_at_import,
        "An object created at import belongs to no event loop and is never closed. A lock guards "
        "only its own process.",
        "create it in a cleanup_ctx generator of the app",
    ),
    Rule(
        "M306",
        "a pool of processes, or objects that processes share",
        effects.process_pool,
        "Lambda has no /dev/shm, which multiprocessing's locks, queues and pools need.",
        "use asyncio.to_thread for code that releases the GIL, and a queue with workers otherwise",
    ),
    Rule(
        "M401",
        "a file written outside the temporary directory",
        effects.written_file,
        "The files of functions and pods are read-only. A container loses its files at its end.",
        "keep it in S3 or a database; log to standard output",
    ),
    Rule(
        "M402",
        "a file left in the temporary directory",
        effects.left_file,
        "Each environment and each pod has its own temporary directory.",
        "remove the file before the response, or keep it in S3 or a database",
    ),
    Rule(
        "M403",
        "a database in a file or in memory",
        effects.sqlite,
        "A SQLite database is a file on one machine, or in the memory of one process.",
        "use PostgreSQL, MySQL or DynamoDB",
    ),
    Rule(
        "M501",
        "a blocking DNS lookup on the event loop",
        effects.blocked_loop,
        "socket.getaddrinfo and similar functions block the event loop while they wait for DNS.",
        "await loop.getaddrinfo(...), or let an asynchronous client connect",
    ),
    Rule(
        "M502",
        "a blocking connection on the event loop",
        effects.blocked_loop,
        "A blocking socket makes the event loop wait for the server.",
        "use an asynchronous client, or await asyncio.to_thread(...)",
    ),
    Rule(
        "M511",
        "a fork",
        effects.forked,
        "A forked child has the connections and the event loop of its parent.",
        "use a queue with separate workers, or asyncio.to_thread",
    ),
    Rule(
        "M512",
        "a program that the app runs",
        effects.subprocess_run,
        "Lambda's managed runtime and small images contain few programs.",
        "use a Python package instead, or build an image that contains the program",
    ),
    Rule(
        "M513",
        "a signal handler",
        effects.signal_handled,
        "The server needs its own signal handlers to stop gracefully.",
        "do the work in on_shutdown or on_cleanup",
    ),
    Rule(
        "M601",
        "more connections than the database accepts",
        effects.too_many_connections,
        "Each process opens its own pool. During a migration, the processes of both targets run.",
        "size the pool by ferryman.capabilities().concurrency, or use a connection pooler",
    ),
    Rule(
        "M602",
        "prepared statements through a pooler in transaction mode",
        effects.pooler,
        "PgBouncer before 1.21 and Supabase on port 6543 may give each transaction another "
        "connection, on which the statement is not prepared.",
        "pass statement_cache_size=0 (asyncpg) or prepare_threshold=None (psycopg)",
    ),
    Rule(
        "M701",
        "the client's address, scheme or host without trusted proxies",
        effects.trusts_client,
        "Behind a proxy, the connection comes from the proxy. ferryman uses the proxy's headers "
        "about the client only if the settings trust the proxy.",
        "set server.trusted_proxies and server.proxy, or those of lambda behind CloudFront",
    ),
    Rule(
        "M702",
        "an absolute link to this machine",
        effects.absolute_link,
        "Each target has another address.",
        "send relative links, or read the public address from a setting",
    ),
    Rule(
        "M801",
        "a migration of the database at each start",
        effects.migrates_at_start,
        "Environments, workers and pods start at any time, several at once.",
        "migrate once before the release, in a step of the pipeline or a Job",
    ),
)

RULES: Mapping[str, Rule] = {rule.code: rule for rule in _ALL}
"""Every rule, by its code."""
