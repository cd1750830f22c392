"""The manifests: a module for each object, and for each part of one that is long.

A module has a pure function from `Values` to the fields of an object, and a table, `REASONS`,
that says why each field it sets is set.
"""
