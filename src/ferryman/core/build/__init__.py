"""What every target's build shares: the project, the Target protocol, artifacts.

This half of core stays on the machine that builds. The runtime half, beside it,
must not import it.
"""
