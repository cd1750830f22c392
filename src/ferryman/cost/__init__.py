"""The cost room: what a workload costs on each platform, and where the cheapest changes.

Arithmetic only. It imports no aiohttp, no SDK and no target, and of ferryman nothing but
the errors and tables; all of it but the picture needs only the standard library.
"""

from __future__ import annotations

from ferryman.cost.compare import Comparison, compare, usual_platforms
from ferryman.cost.prices.book import PriceBook, load_book
from ferryman.cost.workload import Workload

__all__ = ("Comparison", "PriceBook", "Workload", "compare", "load_book", "usual_platforms")
