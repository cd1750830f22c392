"""Forwards requests above the limit to another release of the same app.

`admission` calls `forwarding`. The other modules decide whether to use the other side now, and
which hosts need signed requests. None of them knows how the app handles its own requests.
"""
