"""The dated price book: JSON rows that ship in the package, and how to look one up.

To change a price, edit a row here; no code changes. Each row names its source, the date it
was seen and its reliability.
"""
