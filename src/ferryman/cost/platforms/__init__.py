"""The priced platforms: one module for each family, and the parts that they share.

A platform turns a workload and a price book into charges. It does not round, compare or
print, and it does not know the other platforms.
"""
