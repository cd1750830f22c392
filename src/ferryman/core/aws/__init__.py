"""Speaks with AWS without its SDK: credentials, signatures and calls in JSON.

The server's overflow, the cache in DynamoDB and the secrets of an app use it. It knows none of
them, and no service of AWS but the one that hands out credentials.
"""
