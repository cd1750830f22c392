"""Calls AWS without its SDK: credentials, signatures and JSON calls.

The server's overflow, the cache in DynamoDB and the reader of an app's secrets use it. It must not
know them, nor any AWS service except those that issue credentials.
"""
