"""The target `lambda`: the app on AWS Lambda, behind HTTP.

`runtime` is what ships; everything else belongs to the build side.
"""
