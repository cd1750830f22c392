"""Reads the code of the app, as a syntax tree, and finds facts in it without running it.

It knows Python, aiohttp and what people use beside it; it must not know targets.
"""
