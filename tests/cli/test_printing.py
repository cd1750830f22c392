"""Tables on a terminal, however narrow it is."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

SHOW = """
from ferryman.cli.printing import show
from ferryman.records.table import Table

path = "dist/lambda/a-project-of-some-length.zip"
show(Table("What was built", ("target", "artifact", "size"), (("lambda", path, "5.1 MiB"),)))
"""


def test_a_narrow_terminal_gets_every_letter() -> None:
    ours, theirs = pty.openpty()
    environment = os.environ | {"COLUMNS": "40", "TERM": "xterm", "NO_COLOR": "1"}
    subprocess.run([sys.executable, "-c", SHOW], stdout=theirs, env=environment, check=True)
    shown = re.sub(r"\x1b\[[\d;]*m", "", os.read(ours, 10_000).decode())
    _, heading, *lines = shown.splitlines()
    assert max(map(len, lines)) <= 40
    place = slice(heading.index("artifact"), heading.index("size") - 1)
    assert (
        "".join(line[place].strip() for line in lines) == "dist/lambda/a-project-of-some-length.zip"
    )
