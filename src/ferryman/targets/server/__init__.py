"""The target `server`: the app under gunicorn, on a machine or in a container.

`runtime` is what ships; everything else belongs to the build side.
"""
