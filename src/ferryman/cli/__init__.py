"""The command line: a thin module for each verb, which parses, calls and renders.

It may import every other room; no other room may import it. Data goes to standard output, messages
to standard error.
"""
