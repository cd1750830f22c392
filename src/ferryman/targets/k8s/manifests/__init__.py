"""The manifests: a module for each object, and for each part of a long one.

A module has a pure function from `Values` to the fields of an object, and a table, `REASONS`,
with the reason for each field that it sets.
"""
