"""Finds what in an app does not move from one target to another: `ferryman check`.

`probe` runs the app in a process of its own and records its actions; `reading` reads the code that
requests run. Both give facts, which do not depend on a target. Rules then judge each fact by each
target's capabilities. Only `destinations` knows the targets' options; the room must not know how a
target works inside.
"""
