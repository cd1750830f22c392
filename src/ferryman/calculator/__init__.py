"""The cost model as a page with sliders: an ordinary aiohttp application.

It is an ordinary app, so it runs on every target. It knows `ferryman.cost`; it must not know a
target or the command line.
"""
