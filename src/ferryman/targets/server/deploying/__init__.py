"""Deploys the server's image to Amazon ECS on Fargate: its template, its stack, its releases.

A stack holds the service, its load balancer and their resources. A release is a revision of the
task definition. A parameter of the stack selects the running revision, so that a rollback is an
ordinary update, without drift.
"""
