"""The manifests: a module for each object, and for each part of one that is long.

A module has a pure function from `Values` to one of the Kubernetes client's models, and
a table, `REASONS`, that says why each field it sets is set. Importing any of them
imports that client, which takes about a second.
"""
