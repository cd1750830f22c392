"""What compiles: it runs inside the Python of the minor version that the bytecode is for.

That Python has none of ferryman's dependencies, and may be newer than the one that builds:
nothing here imports more than the standard library.
"""
