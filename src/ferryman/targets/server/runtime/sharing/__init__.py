"""Shares idle connections among the workers of one server.

A worker whose event loop stalls cannot answer on the connections that it holds. So workers whose
loops do stall hold none that are idle: a process of its own, the keeper, watches these for all,
and the first worker with nothing to do takes the next one on which a request has come.

Nothing here knows HTTP. The keeper imports none of the app's code, so that it never stalls.
"""
