"""Imitates the event sources: turns HTTP requests into events, and results into responses.

It runs in front of a local Lambda, in `ferryman serve` and in the tests, and never ships. The
module of each format has the same name as its decoder in `runtime/events`.
"""
