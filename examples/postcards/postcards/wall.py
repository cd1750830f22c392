"""The wall for people: pages, forms, and the redirects between them."""

import re

from aiohttp import web
from yarl import URL

from postcards import pages
from postcards.bodies import read_form
from postcards.cards import Draft, Search
from postcards.office import OFFICE
from postcards.problems import Problem
from postcards.session import THEMES, Visitor, require_name, sign_in, sign_out, visitor
from postcards.storage import STORAGE

# An address on this site, however a browser reads it: to one, `//a`, `/\a` and
# `/<tab>/a` are all the home page of a site named a.
LOCAL = re.compile(r"/(?!/)[!-\[\]-~]*")

routes = web.RouteTableDef()


@routes.get("/")
async def show_wall(request: web.Request) -> web.Response:
    """Show the newest cards, or those a query asks for."""
    search = Search.from_query(request.query)
    found = await request.app[STORAGE].search(search)
    form = pages.new_card() if visitor(request).name else ""
    return pages.page(request, "The wall", pages.wall(found, search) + form)


@routes.get("/cards/{number:[0-9]{1,9}}")
async def show_card(request: web.Request) -> web.Response:
    """Show one card and its picture."""
    storage = request.app[STORAGE]
    card = await storage.get(int(request.match_info["number"]))
    attached = await storage.picture(card.number) is not None
    content = pages.card(card) + pages.picture(card, attached)
    return pages.page(request, card.place, content)


@routes.post("/cards")
async def send_card(request: web.Request) -> web.Response:
    """Hang the card that a form describes, in the name of the visitor who is signed in."""
    form = await read_form(request)
    fields = {name: form.get(name, "") for name in ("place", "sent", "message")}
    tags = str(form.get("tags", "")).split()
    draft = Draft.model_validate({"sender": require_name(request), "tags": tags, **fields})
    card = await request.app[STORAGE].add(draft)
    request.app[OFFICE].accept(card)
    raise web.HTTPSeeOther(f"/cards/{card.number}")


@routes.get("/mine")
async def show_own_cards(request: web.Request) -> web.Response:
    """Show the cards of the visitor who is signed in."""
    own = Search(sender=require_name(request, back=request.path), size=50)
    found = await request.app[STORAGE].search(own)
    return pages.page(request, "Your cards", pages.cards(found.cards))


@routes.get("/latest")
async def find_latest(request: web.Request) -> web.Response:
    """Send the visitor to the newest card."""
    found = await request.app[STORAGE].search(Search(size=1))
    raise web.HTTPFound(f"/cards/{found.cards[0].number}" if found.cards else "/")


@routes.get("/wall")
async def find_wall(request: web.Request) -> web.Response:
    """Send old links to the wall's new address, with their query."""
    query = request.rel_url.raw_query_string
    raise web.HTTPMovedPermanently(URL.build(path="/", query_string=query, encoded=True))


@routes.post("/send")
async def find_send(_request: web.Request) -> web.Response:
    """Send old forms to their new address; the browser posts them again."""
    raise web.HTTPTemporaryRedirect("/cards")


@routes.get("/login")
async def show_login(request: web.Request) -> web.Response:
    """Show the form to sign in."""
    return pages.page(request, "Sign in", pages.login(request.query.get("next", "/")))


@routes.post("/login")
async def log_in(request: web.Request) -> web.Response:
    """Take a visitor at their word, and send them where they wanted to go."""
    form = await read_form(request)
    name, theme = str(form.get("name", "")).strip(), str(form.get("theme", ""))
    if not 0 < len(name) <= 60:
        raise Problem(422, "Tell us your name.", {"name": "From 1 to 60 characters"})
    back = str(form.get("next", "/"))
    answer = web.HTTPSeeOther(URL(back if LOCAL.fullmatch(back) else "/", encoded=True))
    guest = Visitor(name, theme if theme in THEMES else THEMES[0])
    await sign_in(request, answer, guest)
    raise answer


@routes.post("/logout")
async def log_out(request: web.Request) -> web.Response:
    """Forget the visitor."""
    answer = web.HTTPSeeOther("/")
    await sign_out(request, answer)
    raise answer
