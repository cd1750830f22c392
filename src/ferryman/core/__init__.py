"""What ships: the half of ferryman that runs beside the app on every target.

Every artifact holds this directory whole. Its modules load the app, start and stop it, give each
request its context, answer health checks, write logs, read secrets, sign calls to AWS and dispatch
events. They import the standard library and aiohttp only. They must not know how an artifact is
built, nor import a target.
"""
