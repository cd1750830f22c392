"""A lock for imports by parallel builds.

Builds import packages lazily. If modules import each other in a circle, Python gives a second
thread a half-initialised module to avoid a deadlock.
"""

from __future__ import annotations

from threading import RLock

__all__ = ("IMPORTING",)

IMPORTING = RLock()
"""The lock; hold it while you import a large third-party package."""
