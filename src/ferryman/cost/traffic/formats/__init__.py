"""The log formats that ferryman reads, with a module for each program or kind.

A module has one or more values of `Format`; `catalog` lists them all.
"""
