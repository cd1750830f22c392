"""Carries the example's traffic from Lambda to gunicorn and back, under load, and counts.

The example runs on a local Lambda and under gunicorn, with one Redis that keeps its cards and
sessions, behind a real HAProxy. Visitors come all the time; a third of what they send are POSTs,
by a client that repeats nothing. It ends with 0 if no request was lost, none was answered
differently, every session was kept, and every card is there once. On the way back the process
that carries the traffic is killed at each transition of its state. Then faults are tried, many
times each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from scripts.demo_migrate.faults import show_faults
from scripts.demo_migrate.killing import Killings, shift_with_kills
from scripts.demo_migrate.processes import FERRYMAN, answers, haproxy, redis, running
from scripts.demo_migrate.visitors import Crowd, Record
from scripts.ports import free_port

from ferryman.cache import open_cache

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "postcards"
CHECK = "/static/icon.svg"
VISITORS = 40
AT_A_TIME = 6
"""Requests that a side gets at once."""

ENVIRONMENTS = 40
"""Environments that the local Lambda may have: on a busy machine one is free again some time after
its answer, and Lambda answers 429 where none is."""


async def main() -> int:
    """Run the demonstration and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=50_000, help="at least so many")
    parser.add_argument("--rate", type=float, default=400, help="requests a second")
    parser.add_argument("--runs", type=int, default=20, help="of each fault")
    options = parser.parse_args()
    began = time.monotonic()
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with tempfile.TemporaryDirectory(prefix="ferryman-migrate-") as folder:
        scratch = Path(folder)
        async with redis(scratch) as store:
            good = await carry_across(scratch, store, options.requests, options.rate)
        good = await show_faults(scratch, options.runs) and good if options.runs else good
    say(f"\ndone in {time.monotonic() - began:.0f} seconds; nothing is left running")
    return 0 if good else 1


async def carry_across(scratch: Path, store: str, requests: int, rate: float) -> bool:
    """Carry the traffic to gunicorn and back while visitors come; return whether all was well."""
    title("the example on Lambda and under gunicorn, behind HAProxy")
    async with wall(scratch, store) as (front, control, log):
        settings = migration_settings(scratch, control, log)
        crowd = Crowd(front, VISITORS, rate, await Crowd.pages(front))
        visiting = asyncio.create_task(crowd.come())
        try:
            title("from lambda to server")
            await migrate("shift", "--from", "lambda", "--to", "server", settings=settings)
            await migrate("finish", settings=settings)
            title("and back, its process killed at each transition")
            sides, state = ("server", "lambda"), scratch / "migration.json"
            killings = await shift_with_kills(EXAMPLE, settings, sides, control, state)
            await migrate("finish", settings=settings)
            while sum(crowd.record.sent.values()) < requests:
                await asyncio.sleep(0.2)
        finally:
            crowd.gone.set()
            await visiting
    unharmed = tell_killings(killings)
    return tell(crowd.record, requests, await kept_cards(store)) and unharmed


@asynccontextmanager
async def wall(scratch: Path, store: str) -> AsyncIterator[tuple[int, Path, int]]:
    """Run both sides and HAProxy; yield its port, its socket, and the port of its log."""
    variables = {
        "POSTCARDS_CACHE": store,
        "POSTCARDS_SECRET": "the same on both sides",
    }
    ports = {"lambda": free_port(), "server": free_port()}
    log = scratch / "sides.log"
    room = f"lambda.deploy.reserved_concurrency={ENVIRONMENTS}"
    on_lambda = (*FERRYMAN, "dev", "-t", "lambda", "-C", str(EXAMPLE), "--set", room)
    on_server = (*FERRYMAN, "serve", "-t", "server", "-C", str(EXAMPLE))
    async with (
        running(
            *on_lambda, "--bind", f"127.0.0.1:{ports['lambda']}", log=log, environment=variables
        ) as first,
        running(
            *on_server, "--bind", f"127.0.0.1:{ports['server']}", log=log, environment=variables
        ) as second,
    ):
        await answers(ports["lambda"], first, CHECK)
        await answers(ports["server"], second, CHECK)
        async with haproxy(scratch, ports, CHECK, AT_A_TIME) as balancer:
            yield balancer


def migration_settings(scratch: Path, control: Path, log: int) -> dict[str, str]:
    """Return the settings of the migration, as variables."""
    return {
        "FERRYMAN_MIGRATE__HAPROXY__SOCKET": str(control),
        "FERRYMAN_MIGRATE__HAPROXY__LOG": f"127.0.0.1:{log}",
        "FERRYMAN_MIGRATE__STATE": str(scratch / "migration.json"),
        "FERRYMAN_MIGRATE__LOOK": "1",
        "FERRYMAN_MIGRATE__STEPS": "[5, 25, 50, 95]",
        # A Lambda is slower than a server, and may be: only what is too slow for anyone is judged.
        "FERRYMAN_MIGRATE__SLOW_LIMIT": "2",
    }


async def migrate(*arguments: str, settings: dict[str, str]) -> None:
    """Run a verb of `ferryman migrate`.

    Raises:
        RuntimeError: It failed.
    """
    process = await asyncio.create_subprocess_exec(
        *FERRYMAN, "migrate", *arguments, "-C", str(EXAMPLE), env=os.environ | settings
    )
    if await process.wait():
        raise RuntimeError(
            f"ferryman migrate {' '.join(arguments)} ended with {process.returncode}"
        )


async def kept_cards(store: str) -> dict[int, str]:
    """Return the messages that the wall has beyond its first six cards, by number."""
    async with open_cache(store) as cache:
        last = int(await cache.get("last") or 0)
        kept = await cache.get_many(f"card:{number}" for number in range(7, last + 1))
    return {int(key.partition(":")[2]): json.loads(card)["message"] for key, card in kept.items()}


def tell(record: Record, requests: int, kept: Mapping[int, str]) -> bool:
    """Print what happened, and return whether all was well."""
    title("what the visitors saw")
    missing = [number for number, text in record.cards.items() if kept.get(number) != text]
    twice = len(kept) - len(set(kept.values()))
    sent = sum(record.sent.values())
    posts = record.sent["POST"]
    say(f"requests: {sent:,}, of which {posts:,} POSTs, by a client that repeats nothing")
    say(f"lost: {len(record.lost)}; answered differently: {len(record.different)}")
    say(f"cards: {len(record.cards):,} accepted, {len(missing)} missing, {twice} there twice")
    for line in (*record.lost[:5], *record.different[:5]):
        say(f"  {line}")
    enough = sent >= requests and record.sent["POST"] >= 0.3 * sent
    return enough and not (record.lost or record.different or missing or twice)


def tell_killings(killings: Killings) -> bool:
    """Print what the kills did, and return whether they did no harm."""
    say(f"killed at {len(killings.at)} transitions, and resumed: {'; '.join(killings.at)}")
    say(f"weights: {killings.looks:,} looks, {len(killings.strays)} at one not written down")
    for line in killings.strays[:5]:
        say(f"  {line}")
    # It joins, and each of the four steps is decided and done.
    return killings.status == 0 and len(killings.at) >= 8 and not killings.strays


def title(text: str) -> None:
    """Print a heading."""
    say(f"\n== {text}")


def say(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
