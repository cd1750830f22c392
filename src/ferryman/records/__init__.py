"""Values that the rooms of the build side pass to each other and write to files.

The record of a measurement, JSON read into frozen values, tables, files written atomically. It
imports only the standard library and `core.errors`, so that `cost` starts fast, and must not know
the rooms that use it. Nothing in this room ships.
"""
