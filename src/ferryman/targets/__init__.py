"""The ways to run the app: one package for each target, and the protocols that they implement.

A target must not know another target, nor the command line. A number that two targets need lives in
`ferryman.core`.
"""
