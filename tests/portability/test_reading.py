"""Variants of each pattern that code tells by itself, and neighbours that are no findings."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferryman.portability.finding import Place
from ferryman.portability.reading.code_facts import code_facts
from ferryman.portability.reading.entry_points import read_alone

HEAD = "import asyncio, os, secrets, signal, sqlite3, subprocess, threading, time\n"
HEAD += "import multiprocessing\nfrom collections import defaultdict\nfrom aiohttp import web\n"

FOUND = {
    "a global counter": "N = 0\nasync def f(request):\n    global N\n    N += 1  # M302",
    "a local name for a global": "A = {}\nasync def f(request):\n    a = A\n    a['x'] = 1  # M302",
    "a default dictionary": "A = defaultdict(list)\nasync def f(request):\n"
    "    A[request.path].append(1)  # M302",
    "a list inside of a dictionary": "A = {'x': []}\nasync def f(request):\n"
    "    A['x'].append(1)  # M302",
    "an attribute of a class": "class S:\n    n = 0\nasync def f(request):\n    S.n += 1  # M302",
    "an object of a module": "class S:\n    def __init__(self):\n        self.d = {}\n"
    "    def put(self, k):\n        self.d[k] = 1  # M302\nSTORE = S()\n"
    "async def f(request):\n    STORE.put('x')",
    "an object that the app has": "class S:\n    def __init__(self):\n        self.d = []\n"
    "    def put(self, k):\n        self.d.append(k)  # M301\ndef make():\n"
    "    app = web.Application()\n    app['s'] = S()\n    return app\n"
    "async def f(request):\n    request.app['s'].put('x')",
    "a base class that the app has": "class B:\n    def put(self, k):\n"
    "        self.d.append(k)  # M301\nclass S(B):\n    pass\ndef make():\n"
    "    app = web.Application()\n    app['s'] = S()\n    return app\n"
    "async def f(request):\n    request.app['s'].put('x')",
    "a handler that is a method": "class H:\n    def __init__(self):\n        self.seen = set()\n"
    "    async def f(self, request):\n        self.seen.add(request.path)  # M302",
    "a key of the app that is set": "async def f(request):\n    request.app['x'] = 1  # M301",
    "sessions by name": "SESSIONS = {}\nasync def f(request):\n    SESSIONS['x'] = 1  # M303",
    "a websocket of a view": "class V(web.View):\n    async def get(self):\n"
    "        return web.WebSocketResponse()  # M101",
    "a websocket of a package's view": "from boats import TypedView\nclass V(TypedView):\n"
    "    async def get(self, page: int):\n        return web.WebSocketResponse()  # M101",
    "a websocket of a view by way of a class": "class Base(web.View):\n    pass\nclass V(Base):\n"
    "    async def get(self):\n        return web.WebSocketResponse()  # M101",
    "a stream by another name": "from aiohttp.web import StreamResponse as Stream\n"
    "async def f(request):\n    return Stream()  # M102",
    "a wait by name": "LIMIT = 10 * 60\nasync def f(request):\n"
    "    await asyncio.wait_for(g(), timeout=LIMIT)  # M105\nasync def g(): ...",
    "a client that waits": "import aiohttp\nasync def f(request):\n"
    "    aiohttp.ClientTimeout(total=600)  # M105",
    "a task that is kept and not awaited": "TASKS = set()\nasync def g(): ...\n"
    "async def f(request):\n    t = asyncio.create_task(g())  # M203\n    t.set_name('x')",
    "a task of the loop": "async def g(): ...\nasync def f(request):\n"
    "    asyncio.get_running_loop().create_task(g())  # M203",
    "work in an executor that is not awaited": "async def f(request):\n"
    "    asyncio.get_running_loop().run_in_executor(None, print)  # M204",
    "a timer thread": "async def f(request):\n    threading.Timer(5, print).start()  # M204",
    "a scheduler in a function": "def make():\n"
    "    from apscheduler.schedulers.asyncio import AsyncIOScheduler  # M205",
    "celery's beat": "from celery import Celery\nC = Celery()\nC.conf.beat_schedule = {}  # M205",
    "a key at import": "SECRET_KEY = os.urandom(32)  # M304",
    "a key in the factory": "from cryptography.fernet import Fernet\ndef make():\n"
    "    app = web.Application()\n    app['f'] = Fernet(Fernet.generate_key())  # M304",
    "a key as an argument": "from aiohttp_session.cookie_storage import EncryptedCookieStorage\n"
    "def make():\n    app = web.Application()\n"
    "    EncryptedCookieStorage(secrets.token_bytes(32))  # M304",
    "a client at import": "import redis.asyncio as redis\nR = redis.Redis()  # M305",
    "a client by address": "from redis.asyncio import from_url\nR = from_url('redis://x')  # M305",
    "an engine in a class": "from sqlalchemy import create_engine\nclass D:\n"
    "    engine = create_engine('postgresql://x/y')  # M305",
    "a queue between processes": "Q = multiprocessing.Queue()  # M306",
    "a file by a path": "from pathlib import Path\nHERE = Path('data')\n"
    "async def f(request):\n    (HERE / request.path).write_text('x')  # M401",
    "a file that is appended to": "async def f(request):\n    open('log', 'a').close()  # M401",
    "a file in the temporary directory": "async def f(request):\n"
    "    open(f'/tmp/{request.path}', 'wb')  # M402",
    "a database by address": "URL = 'sqlite+aiosqlite:///shop.db'  # M403",
    "a database by name": "async def f(request):\n    sqlite3.connect('shop.db')  # M403",
    "a program": "async def f(request):\n    subprocess.check_output(['ls'])  # M512",
    "a fork": "async def f(request):\n    os.fork()  # M511",
    "a signal": "signal.signal(signal.SIGTERM, print)  # M513",
    "a signal of the loop": "async def start(app):\n"
    "    asyncio.get_running_loop().add_signal_handler(1, print)  # M513\ndef make():\n"
    "    app = web.Application()\n    app.on_startup.append(start)",
    "a pooler in the address": "import asyncpg\nD = 'postgresql://u@db.example:6543/postgres'\n"
    "async def f(request):\n    await asyncpg.connect(D)  # M602",
    "psycopg through a pooler": "import psycopg\n"
    "async def f(request):\n    await psycopg.AsyncConnection.connect(port=6432)  # M602",
    "the scheme in a helper": "def link(request):\n    return request.scheme  # M701\n"
    "async def f(request):\n    return link(request)",
    "a forwarded header": "async def f(request):\n"
    "    return request.headers.get('X-Forwarded-For')  # M701",
    "an annotated request": "async def f(r: web.Request):\n    return r.host  # M701",
    "the host of a view": "class V(web.View):\n    async def get(self):\n"
    "        return self.request.host  # M701",
    "alembic": "from alembic import command\nasync def start(app):\n"
    "    command.upgrade(None, 'head')  # M801\ndef make():\n    app = web.Application()\n"
    "    app.on_startup.append(start)",
    "all tables": "async def start(app):\n    await app['e'].run_sync(Base.metadata.create_all)"
    "  # M801\ndef make():\n    app = web.Application()\n    app.on_startup.extend([start])",
}

FOUND |= {
    "a dictionary that the app has": "def make():\n    app = web.Application()\n"
    "    app['sockets'] = {}\nasync def f(request):\n"
    "    request.app['sockets'][1] = request  # M301",
    "an attribute of what the app has": "async def f(request):\n"
    "    request.app['state'].count += 1  # M301",
    "an attribute by a local name": "async def f(request):\n    s = request.app['state']\n"
    "    s.last = request.path  # M301",
    "a cache of a package": "from cachetools import TTLCache\nC = TTLCache(9, 9)\n"
    "async def f(request):\n    C['x'] = 1  # M302",
    "work that an executor gets": "async def f(request):\n"
    "    request.app['pool'].submit(print)  # M204",
    "work for a thread at the start": "async def start(app):\n"
    "    asyncio.get_running_loop().run_in_executor(None, print)  # M202\ndef make():\n"
    "    app = web.Application()\n    app.on_startup.append(start)",
    "the other end of the connection": "async def f(request):\n"
    "    request.transport.get_extra_info('peername')  # M701",
    "the header of the host": "async def f(request):\n    return request.headers['Host']  # M701",
    "a file of an unknown name": "async def f(request):\n    p = request.app['dir']\n"
    "    open(p, 'wb').write(b'x')  # M401",
    "a path that is put together": "import os.path\nU = 'uploads'\nasync def f(request):\n"
    "    p = os.path.join(U, 'x')\n    open(p, 'wb').write(b'x')  # M401",
    "a shelf": "import shelve\nasync def f(request):\n    shelve.open('shop')  # M401",
    "a name that is looked up": "import socket\nasync def f(request):\n"
    "    socket.getaddrinfo('x', 80)  # M501",
    "a client that blocks": "import requests\nasync def f(request):\n"
    "    requests.get('https://example.com')  # M502",
}

FINE = {
    "a local list": "A = []\nasync def f(request):\n    A = []\n    A.append(1)",
    "a parameter": "A = []\ndef g(A):\n    A.append(1)\nasync def f(request):\n    g([])",
    "a global that is made late": "C = None\nasync def f(request):\n    global C\n"
    "    if C is None:\n        C = object()",
    "a constant": "A = {'x': 1}\nasync def f(request):\n    return A['x']",
    "what a request collects": "class B:\n    def __init__(self):\n        self.items = []\n"
    "    def add(self, x):\n        self.items.append(x)\nasync def f(request):\n    B().add(1)",
    "a view's own attributes": "class V(web.View):\n    async def get(self):\n"
    "        self.x = []\n        self.x.append(1)",
    "a token of a client": "class C:\n    token = ''\n    async def get(self):\n"
    "        self.token = 'x'\ndef make():\n    app = web.Application()\n    app['c'] = C()\n"
    "async def f(request):\n    await request.app['c'].get()",
    "a registry at import": "H = {}\ndef on(name):\n    def add(f):\n        H[name] = f\n"
    "        return f\n    return add\n@on('x')\nasync def g(event): ...",
    "data of the request": "async def f(request):\n    request['user'] = 1",
    "a task that is awaited": "async def g(): ...\nasync def f(request):\n"
    "    t = asyncio.create_task(g())\n    await t",
    "tasks that are gathered": "async def g(): ...\nasync def f(request):\n"
    "    await asyncio.gather(*[asyncio.create_task(g()) for _ in range(3)])",
    "a group of tasks": "async def g(): ...\nasync def f(request):\n"
    "    async with asyncio.TaskGroup() as tg:\n        tg.create_task(g())",
    "an executor that is awaited": "async def f(request):\n"
    "    await asyncio.get_running_loop().run_in_executor(None, print)",
    "a key from the environment": "SECRET = os.environ['SECRET']",
    "a token in a handler": "async def f(request):\n    token = secrets.token_hex(8)",
    "a file that is read": "async def f(request):\n    open('data.json').read()",
    "the path of the address": "async def f(request):\n    return request.url.path",
    "another's host": "async def f(request):\n    return request.app['settings'].host",
    "a table at a request": "async def f(request):\n    pool.execute('SELECT 1')",
    "a signal of the script": "def main():\n    web.run_app(web.Application())\n"
    "if __name__ == '__main__':\n    signal.signal(signal.SIGTERM, print)\n    main()",
    "a signal of a worker's process": "def begin():\n"
    "    signal.signal(signal.SIGINT, signal.SIG_IGN)\nasync def f(request): ...",
    "a pooler without statements": "import asyncpg\nD = 'postgresql://u@db.example:6543/postgres'\n"
    "async def f(request):\n    await asyncpg.connect(D, statement_cache_size=0)",
    "a temporary file": "import tempfile\nasync def f(request):\n"
    "    with tempfile.TemporaryDirectory() as d:\n        open(d + '/x', 'w').write('x')",
    "a client that blocks in a thread": "import requests\ndef get():\n"
    "    requests.get('https://example.com')\nasync def f(request):\n"
    "    await asyncio.to_thread(get)",
    "what an executor is awaited for": "async def f(request):\n"
    "    await asyncio.wrap_future(request.app['pool'].submit(print))",
    "a database's own object": "async def f(request):\n    request.app['db'].users.update({})",
    "a short wait": "async def f(request):\n    await asyncio.sleep(0.1)",
    "names that lead to themselves": "from x import A\nA = B\nB = A\nasync def f(request):\n"
    "    await asyncio.sleep(A)",
}


def read(code: str, root: Path) -> set[tuple[str, int]]:
    (root / "shop.py").write_text(HEAD + code + "\n", encoding="utf-8")
    running = read_alone(root, root, "shop", Place("shop.py", 1))
    # A short wait is a fact, which no target minds.
    facts = (
        each for each in code_facts(running, {}) if each.code != "M105" or (each.amount or 0) > 24
    )
    return {(each.code, each.place.line) for each in facts if each.code != "M601"}


@pytest.mark.parametrize("name", FOUND)
def test_a_variant_is_found_at_its_line(name: str, tmp_path: Path) -> None:
    code = HEAD + FOUND[name]
    planted = {
        (marked[1], number)
        for number, line in enumerate(code.splitlines(), 1)
        if (marked := re.search(r"# (M\d{3})$", line))
    }
    assert len(planted) == 1
    assert planted <= read(FOUND[name], tmp_path)


@pytest.mark.parametrize("name", FINE)
def test_a_neighbour_is_no_finding(name: str, tmp_path: Path) -> None:
    assert read(FINE[name], tmp_path) == set()


def test_an_expression_of_thousands_of_terms_is_read(tmp_path: Path) -> None:
    text = " + ".join(["'x'"] * 900)
    code = f"A = {text}\nT = {' + '.join(['1'] * 900)}\nL = []\nasync def f(request):\n"
    code += f"    L.append({text})\n    await asyncio.sleep(T)"
    assert read(code, tmp_path) == {("M302", 9)}


def test_a_module_that_cannot_be_parsed_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("def (:\n")
    assert read("import broken", tmp_path) == set()
