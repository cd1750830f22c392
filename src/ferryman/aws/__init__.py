"""Shared parts of the targets on AWS: a session, stacks and change sets, the bucket, the registry.

This room must not know a target: it takes templates, files and names. It imports boto3 only on the
first call to AWS.
"""
