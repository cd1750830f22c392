"""How traffic is spread over time: the shape of a week, and the logs that show it.

It must not know platforms or prices.
"""
