"""What reaches browsers as it happens."""

import asyncio

from aiohttp import web


class Room(web.View):
    async def get(self):
        return await self.talk(web.WebSocketResponse(heartbeat=30))  # M101

    async def talk(self, socket):
        await socket.prepare(self.request)
        async for message in socket:
            await socket.send_str(message.data)
        return socket


async def prices(request):
    answer = web.StreamResponse(headers={"Content-Type": "text/event-stream"})  # M102
    await answer.prepare(request)
    while True:
        await answer.write(b"data: 1\n\n")
        await asyncio.sleep(5)


def create_live():
    live = web.Application()
    live.router.add_view("/room", Room)
    live.router.add_get("/prices", prices)
    return live
