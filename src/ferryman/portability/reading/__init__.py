"""Reads the app's code as syntax trees, and finds facts in it without running it.

It knows Python, aiohttp and common libraries; it must not know targets.
"""
