"""The cost model as a page with sliders: an ordinary aiohttp application.

It is an app like a user's own, so it runs through every target. It knows `ferryman.cost`,
and neither a target nor the command line.
"""
