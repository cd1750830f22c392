"""What runs on a server: gunicorn, with the app on aiohttp's worker.

It ships in the artifact, so it imports the standard library, aiohttp, gunicorn and the
runtime half of core, and nothing else. `python -m ferryman.targets.server.runtime`
starts it.
"""
