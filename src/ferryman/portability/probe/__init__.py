"""Runs the app in a process of its own and notes what it does, for `ferryman check`.

It loads beside the app and must not change it: it imports the standard library, aiohttp and what
ships, and hears of the app by audit hooks and snapshots.
"""
