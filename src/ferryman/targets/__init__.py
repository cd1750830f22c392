"""The ways to run the app. The targets are siblings that do not know each other.

A number that two of them need lives in `ferryman.core`.
"""
