"""A lock for imports of packages that parallel builds share.

A build imports what it needs when it needs it. Where modules import each other in a circle, a
second thread is handed one that is half made; Python does so rather than wait for ever.
"""

from __future__ import annotations

from threading import RLock

__all__ = ("IMPORTING",)

IMPORTING = RLock()
"""Held while a large package of others is imported."""
