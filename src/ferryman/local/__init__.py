"""Runs the app on this machine the way each target runs it.

`dev`, `serve`, `invoke`, `measure`, the pytest plugin and the parity check start apps through this
room: a local Lambda (`lambda_`), the event sources in front of it (`gateway`), AWS's emulator, a
server with the settings that a build would write, and the reload of `ferryman dev` (`reload`). It
knows the targets; no target must know it. Nothing in this room ships.
"""
