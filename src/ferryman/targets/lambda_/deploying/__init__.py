"""Deploys a function to AWS: its template, its stack, and the shifts of its alias `live`.

A stack holds the function and what belongs to it. Every door leads to the alias, which only
`shifting` moves once the stack is there; so an update of the stack never undoes a shift.
"""
