"""Runs the app in a separate process and records its actions, for `ferryman check`.

It runs beside the app and must not change it: it imports the standard library, aiohttp and `core`,
and watches the app with audit hooks and snapshots.
"""
