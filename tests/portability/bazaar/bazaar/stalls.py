"""The stalls, kept by an object of our own."""

import tempfile

from aiohttp import web


class Stalls:
    def __init__(self):
        self._by_number = {}

    def put(self, number, stall):
        self._by_number[number] = stall  # M301

    def all(self):
        return list(self._by_number.values())


STALLS = web.AppKey("stalls", Stalls)


async def show_stalls(request):
    return web.json_response(
        {"stalls": request.app[STALLS].all(), "next": "http://127.0.0.1:8080/?page=2"}  # M702
    )


async def add_stall(request, limit):
    stall = await request.json()
    request.app[STALLS].put(int(request.match_info["number"]), stall)
    keep_draft(str(stall)[:limit])
    return web.json_response(stall, status=201)


def keep_draft(text):
    handle, _ = tempfile.mkstemp("draft")  # M402
    with open(handle, "w") as file:
        file.write(text)


class Export(web.View):
    async def get(self):  # M104
        return web.Response(text="stall\n" * 1_000_000)
