"""Reads the code of the app, as a syntax tree, and finds facts in it without running it.

It knows Python, aiohttp and common libraries; it must not know targets.
"""
