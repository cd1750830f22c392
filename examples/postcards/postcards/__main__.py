"""Runs the wall on this machine: `python -m postcards`."""

from aiohttp import web

from postcards.app import create_app

web.run_app(create_app(), host="localhost")
