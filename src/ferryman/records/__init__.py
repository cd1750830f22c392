"""Values that the rooms of the build side hand to each other and to files.

The record of a measurement, JSON read into frozen values, tables, files written whole. Standard
library only, so that `cost` can be arithmetic and start fast. Nothing in this room ships.
"""
