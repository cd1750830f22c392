"""A wall of postcards and its JSON API: an ordinary aiohttp application."""

__version__ = "1.0.0"
