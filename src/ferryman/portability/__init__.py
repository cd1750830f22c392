"""Finds what in an app does not move from one target to another: `ferryman check`.

A probe runs the app in a process of its own and notes what it does; the code that requests run
is read besides. Both give facts, which say nothing of any target. Rules then say what each fact
means on each target, by what that offers. It must not know how a target works inside.
"""
