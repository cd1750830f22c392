"""The dated price book: JSON rows that ship in the package, and how to look one up.

A price changes by editing a row here, never by editing code. Each row names its source,
the date it was seen and how far it can be trusted.
"""
