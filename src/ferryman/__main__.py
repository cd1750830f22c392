"""Lets `python -m ferryman` be the command `ferryman`."""

from __future__ import annotations

from ferryman.cli.main import main

if __name__ == "__main__":
    main()
