"""Forwards requests above the limit to another release of the same app.

The gate asks `forwarding`; the rest serves it: whether to ask the other side now, and which of
its hosts take signed requests. Nothing here knows how the app answers its own requests.
"""
