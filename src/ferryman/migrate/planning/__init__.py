"""Plans a migration before it begins: steps, time, worst harm, capacity, money, obstacles.

It computes the plan from facts that callers collect. It must not query a load balancer, a cloud or
a price book, and moves nothing.
"""
