"""What the process remembers."""

import asyncio
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

PATHS = Counter()
TURN = asyncio.Semaphore(4)  # M305
HANDS = ThreadPoolExecutor(2)  # M305
total = 0


def seen(path):
    global total
    total += 1  # M302
    PATHS[path] += 1  # M302
