"""Plans a migration before it begins: steps, time, worst harm, capacity, money, obstacles.

It is arithmetic on facts that callers collect: it must not ask a balancer, a cloud or a price book,
and moves nothing.
"""
