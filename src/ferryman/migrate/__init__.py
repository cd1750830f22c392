"""Carrying an app from one target to another: so far, the proof that both answer alike.

It knows targets by the protocol of core, and servers by their address.
"""
