"""How traffic is spread over time: the shape of a week, and where to read one from.

It knows no platform and no price.
"""
