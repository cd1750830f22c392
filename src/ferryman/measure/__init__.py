"""Runs the app here on each target and measures the figures that the cost model needs.

`measuring` runs the procedure of `rounds`; `server_runner` and `lambda_runner` start the app. The
room must not know prices or the figures' use.
"""
