"""Runs the app on each target here and observes it: the figures that the cost model needs.

`observing` is the procedure; `server` and `function` are the two ways to run the app.
"""
