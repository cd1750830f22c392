"""The target `lambda`: the app on AWS Lambda, behind HTTP.

Only `runtime` ships, and must not import the build side: everything else. No other target may be
imported here.
"""
