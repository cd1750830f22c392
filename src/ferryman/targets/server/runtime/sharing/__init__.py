"""Shares idle connections among the workers of a server.

A worker with a stalled event loop cannot answer on its connections. So workers whose loops stall
give their idle connections to another process, the keeper. The first free worker receives the next
connection with a new request.

These modules do not know HTTP. The keeper does not import the app's code, so it never stalls.
"""
