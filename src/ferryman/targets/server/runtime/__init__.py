"""Runs the app on a server: gunicorn's master, and workers that run aiohttp.

It ships in the artifact, so it imports only the standard library, aiohttp, gunicorn and `core`.
`python -m ferryman.targets.server.runtime` starts it.
"""
