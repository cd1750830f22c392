"""What runs inside a Lambda environment.

It ships in the artifact, so it imports the standard library, aiohttp and the runtime
half of core, and nothing else. A request passes through three rooms: `events` decodes
it, `bridge` feeds it to aiohttp in this process, `events` encodes the answer.
"""
