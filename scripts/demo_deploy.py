"""The example deployed to a stand-in for AWS: what `make demo-deploy` shows.

It deploys the zip, asks it, changes it, goes back and deletes it, by the commands that a user
types. The stand-in runs on loopback, knows no account, and ends with the demonstration.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.aws_stand_in import CREDENTIALS, ToStandIn, running_ministack

from ferryman.local.emulator import host_architecture, host_python
from ferryman.migrate.parity import open_session

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "postcards"


def main() -> int:
    """Run the demonstration and return the exit status."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ferryman-demo-") as folder:
        say("starting a stand-in for AWS on this machine")
        with running_ministack(Path(folder)) as port:
            show(port)
    say(f"\ndone in {time.monotonic() - began:.0f} seconds; nothing is left running")
    return 0


def show(port: int) -> None:
    """Deploy, ask, change, go back, and delete; then show what a service would be."""
    build = ("--python", host_python(), "--set", f"lambda.architecture={host_architecture()}")
    public = ("--set", "lambda.deploy.public=true", *build)
    began = time.monotonic()
    deployed = ferryman(port, "deploy", *public, "--yes")
    url = deployed.split()[-1]
    status = asyncio.run(ask(url, port))
    say(f"the wall answers {status} at {url}, {time.monotonic() - began:.1f} s after the start")
    ferryman(port, "deploy", *public, "--set", "lambda.memory=1024", "--yes")
    began = time.monotonic()
    ferryman(port, "deploy", *public, "--set", "lambda.json_logs=true", "--direct")
    say(f"the code alone took {time.monotonic() - began:.1f} s, the build included")
    ferryman(port, "status")
    ferryman(port, "rollback")
    ferryman(port, "status")
    ferryman(port, "policy", "--direct")
    ferryman(port, "delete", "--yes")
    ferryman(port, "deploy", "--stack-only", target="server")


def ferryman(port: int, verb: str, *arguments: str, target: str = "lambda") -> str:
    """Run a verb against the stand-in, show it, and return what it printed."""
    say(f"\n$ ferryman {verb} -t {target} {' '.join(arguments)}")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment = {**kept, **CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
    command = (sys.executable, "-m", "ferryman", verb, "-t", target, "-C", str(EXAMPLE))
    done = subprocess.run(
        (*command, *arguments), env=environment, stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    say(done.stdout.rstrip())
    return done.stdout


async def ask(url: str, port: int) -> int:
    """Return the status of the deployed app's front page."""
    async with open_session(ToStandIn.connector()) as session:
        host = url.split("/")[2]
        async with session.get(f"http://{host}:{port}/") as answer:
            return answer.status


def say(text: str) -> None:
    """Print a line at once, so that it stands before what a child prints."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
