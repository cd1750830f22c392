"""Work beside the requests."""

import asyncio
import socket
import subprocess
import threading
import time

from aiohttp import web
from aiojobs import Scheduler  # M205

from bazaar.settings import LONG


class Sweeper(threading.Thread):
    def run(self):
        while True:
            time.sleep(30)


class Clock:
    async def tick(self):
        while True:
            await asyncio.sleep(30)


async def start(app):
    app["clock"] = asyncio.get_running_loop().create_task(Clock().tick())  # M201
    Sweeper(daemon=True).start()  # M202
    app["jobs"] = Scheduler()


def convert(text):
    return text.upper()


async def deliver(text):
    await asyncio.wait_for(asyncio.sleep(0.3, text), timeout=LONG)  # M105


async def send_mail(request):
    loop = asyncio.get_running_loop()
    loop.run_in_executor(None, convert, "mail")  # M204
    asyncio.ensure_future(deliver("mail"))  # M203
    subprocess.run(["true"], check=True)  # M512 ASYNC221
    return web.Response(text="sent")


async def where(request):
    return web.Response(text=socket.gethostbyname("localhost"))  # M501
