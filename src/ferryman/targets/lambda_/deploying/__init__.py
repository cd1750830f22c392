"""Deploys a function to AWS: its template, its stack, and the shifts of its alias `live`.

A stack holds the function and its other resources. Every door leads to the alias. Once the stack
exists, only `function.move` moves the alias, so an update of the stack never undoes a shift.
"""
