"""A catalogue of books: pages from templates, an API of classes, static files."""

import asyncio
import contextvars
import functools
import json
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

import jinja2
from aiohttp import web

HERE = Path(__file__).parent
PAGE = jinja2.Environment(autoescape=True).from_string(
    "<h1>{{ title }}</h1>{% for book in books %}<p>{{ book.title }}</p>{% endfor %}"
)
BOOKS = web.AppKey("books", tuple)
visitor = contextvars.ContextVar("visitor", default="")

_parser = None


@dataclass
class Book:
    number: int
    title: str
    tags: list = field(default_factory=list)

    def tagged(self, tag):
        self.tags.append(tag)
        return self


class Basket:
    """What one request collects."""

    def __init__(self):
        self.items = []
        self.count = 0

    def add(self, item):
        self.items.append(item)
        self.count += 1


def parser():
    global _parser
    if _parser is None:
        _parser = json.JSONDecoder()
    return _parser


@functools.lru_cache(maxsize=100)
def title_of(number):
    return f"Book {number}"


@web.middleware
async def errors_as_json(request, handler):
    visitor.set(request.headers.get("User-Agent", ""))
    try:
        return await handler(request)
    except web.HTTPNotFound as error:
        return web.json_response({"error": error.reason}, status=404)


async def home(request):
    text = await asyncio.to_thread(PAGE.render, title="Books", books=request.app[BOOKS])
    return web.Response(text=text, content_type="text/html")


class Books(web.View):
    async def get(self):
        basket = Basket()
        for book in self.request.app[BOOKS]:
            basket.add(asdict(book))
        return web.json_response({"books": basket.items, "count": basket.count})

    async def post(self):
        sent = parser().decode(await self.request.text())
        book = Book(99, title_of(99)).tagged(sent.get("tag", "new"))
        return web.json_response(asdict(book), status=201)


async def both(request):
    found = {}

    async def look(number):
        found[number] = title_of(number)

    async with asyncio.TaskGroup() as group:
        for number in (1, 2):
            group.create_task(look(number))
    first = asyncio.create_task(asyncio.sleep(0, "ready"))
    found["state"] = await first
    return web.json_response(found)


async def archive(request):
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "books.txt")
        await asyncio.to_thread(path.write_text, "books")
        return web.Response(text=await asyncio.to_thread(path.read_text))


async def load(app):
    text = await asyncio.to_thread((HERE / "static" / "books.json").read_text)
    app[BOOKS] = tuple(Book(**each) for each in json.loads(text))


async def create_app():
    app = web.Application(middlewares=[errors_as_json], client_max_size=2 * 1024**2)
    app.on_startup.append(load)
    app.router.add_get("/", home)
    app.router.add_view("/books", Books)
    app.router.add_get("/both", both)
    app.router.add_get("/archive", archive)
    app.router.add_static("/static", HERE / "static")
    return app
