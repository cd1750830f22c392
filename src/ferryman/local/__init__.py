"""Runs the app on this machine the way each target runs it.

`dev`, `serve`, `invoke`, `measure`, the pytest plugin and the parity check start apps here and
nowhere else: a Lambda of its own (`lambda_`), the event sources in front of it (`gateway`),
AWS's emulator, a server with the settings that a build would bake in, and the reload of
`ferryman dev` (`reload`). Nothing in this room ships, and no target knows it.
"""
