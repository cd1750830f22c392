"""Deploys the server's image to Amazon ECS on Fargate: its template, its stack, its releases.

A stack holds the service, the load balancer in front of it and what belongs to both. A
release is a revision of the task definition; which one runs is a parameter of the stack, so
that a rollback is an update like any other, and nothing drifts.
"""
