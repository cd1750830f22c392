"""The target `server`: the app under gunicorn, on a machine or in a container.

Only `runtime` ships, and must not import the build side: everything else. No other target may be
imported here.
"""
