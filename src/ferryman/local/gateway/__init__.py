"""The other side of the event sources: HTTP in, event out, result in, HTTP out.

It stands in front of a Lambda on this machine, in `ferryman serve` and in the tests, and
never ships. Each format has a module of the same name as its decoder's.
"""
