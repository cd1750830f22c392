"""The formats of logs that can be read, a module for each.

A module has one or more values of `Format`; `catalog` lists them all.
"""
