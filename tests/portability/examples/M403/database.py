"""Stands for a client of PostgreSQL."""


async def count():
    return 1
