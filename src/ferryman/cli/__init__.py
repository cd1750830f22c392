"""The command line: one module a verb, thin: parse, call, render.

It may import every other room; no other room may import it. Data goes to standard
output, talk to standard error.
"""
