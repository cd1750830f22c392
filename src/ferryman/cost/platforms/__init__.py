"""The priced platforms: one module for each family, and the parts that they share.

A platform turns a workload and a price book into charges. It does no rounding, no
comparing and no printing, and it does not know the other platforms.
"""
