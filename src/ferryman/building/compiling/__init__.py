"""Compiles modules to bytecode, inside a Python of the minor version that the bytecode is for.

That Python has none of ferryman's dependencies and may be newer than the one that runs the build,
so these modules import only the standard library.
"""
