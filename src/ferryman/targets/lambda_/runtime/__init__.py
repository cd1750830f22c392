"""Runs the app inside a Lambda environment.

It ships in the artifact, so it imports only the standard library, aiohttp, AWS's runtime client
and `core`. `events` decodes a request, `bridge` passes it to aiohttp in this process, and `events`
encodes the response.
"""
