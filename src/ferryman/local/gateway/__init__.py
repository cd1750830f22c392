"""Imitates the event sources: turns HTTP requests into events, and results into responses.

It runs in front of a local Lambda, in `ferryman serve` and in the tests, and never ships. Each
format has a module of the same name as its decoder's.
"""
