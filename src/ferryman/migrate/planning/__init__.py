"""Plans a migration before it begins: steps, time, harm at worst, room, money, and what forbids it.

It is arithmetic on what others found out: it asks no balancer, no cloud and no price book, and
moves nothing.
"""
