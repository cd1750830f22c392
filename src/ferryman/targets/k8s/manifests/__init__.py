"""The manifests: one module for each object, and for each part of a long object.

A module holds a pure function that turns `Values` into the fields of its object, and a table,
`REASONS`, that gives the reason for each field.
"""
