"""What ships: the half of ferryman that runs beside the app on every target.

Every artifact holds this directory whole. Its modules load the app, start and stop it, say
what each request knows of itself, answer health checks, write logs and dispatch events. They
import the standard library and aiohttp only, and know no target and nothing of a build.
"""
