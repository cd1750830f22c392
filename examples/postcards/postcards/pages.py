"""The pages, as HTML. Only `page` sees the request; the rest turn values into markup."""

from collections.abc import Iterable
from html import escape

from aiohttp import hdrs, web

from postcards.cards import Postcard, Search
from postcards.files import address
from postcards.problems import Problem
from postcards.session import THEMES, visitor
from postcards.settings import SETTINGS
from postcards.storage import Page

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'",
    "Vary": "Accept-Encoding, Cookie",
}


def page(request: web.Request, heading: str, content: str, status: int = 200) -> web.Response:
    """Make a whole page, compressed for those who accept it."""
    title = escape(request.config_dict[SETTINGS].title)
    guest = visitor(request)
    account = (
        f'<a href="/mine">{escape(guest.name)}</a>'
        '<form method="post" action="/logout"><button>Sign out</button></form>'
        if guest.name
        else '<a href="/login">Sign in</a>'
    )
    style, icon = address("wall.css"), address("icon.svg")
    text = f"""<!DOCTYPE html>
<html lang="en" data-theme="{guest.theme}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(heading)} · {title}</title>
<link rel="stylesheet" href="{style}">
<link rel="icon" href="{icon}">
</head>
<body>
<header><a href="/">{title}</a><nav aria-label="Account">{account}</nav></header>
<main>
<h1>{escape(heading)}</h1>
{content}
</main>
</body>
</html>
"""
    response = web.Response(text=text, status=status, content_type="text/html", headers=HEADERS)
    response.enable_compression()
    return response


def wall(found: Page, search: Search) -> str:
    """Show one page of cards, and the way to the next and the one before."""
    links = []
    if search.page > 1:
        links.append(("prev", "Newer cards", search.page - 1))
    if search.page * search.size < found.total:
        links.append(("next", "Older cards", search.page + 1))
    ways = "".join(
        f'<a rel="{relation}" href="{escape(str(search.address("/", number)))}">{text}</a>'
        for relation, text, number in links
    )
    nav = f'<nav aria-label="Pages">{ways}</nav>' if ways else ""
    return f"{cards(found.cards)}\n{nav}"


def cards(several: Iterable[Postcard]) -> str:
    """Show cards side by side."""
    items = "\n".join(f"<li>{card(one, heading='h2')}</li>" for one in several)
    return f'<ul class="wall">\n{items}\n</ul>' if items else "<p>No cards here.</p>"


def card(one: Postcard, heading: str = "") -> str:
    """Show one card, under a heading of its own where the page needs one."""
    place, day = escape(one.place), f"{one.sent.day} {one.sent:%B %Y}"
    title = f'<{heading}><a href="/cards/{one.number}">{place}</a></{heading}>' if heading else ""
    tags = " ".join(f'<a href="/?tag={tag}">{tag}</a>' for tag in map(escape, one.tags))
    return f"""<article>
<img src="/stamps/{one.number}.png" alt="Stamp from {place}" width="88" height="104">
{title}<p>{escape(one.message)}</p>
<p class="from">{escape(one.sender)}, <time datetime="{one.sent}">{day}</time> {tags}</p>
</article>"""


def picture(one: Postcard, attached: bool) -> str:
    """Show the picture of a card, and a form to attach one."""
    image = f'<img src="/cards/{one.number}/picture" alt="Picture from {escape(one.place)}">'
    return f"""{image if attached else ""}
<form method="post" action="/cards/{one.number}/picture" enctype="multipart/form-data">
<label>A picture: PNG, JPEG or GIF
<input type="file" name="picture" accept="image/png,image/jpeg,image/gif" required></label>
<button>Attach</button>
</form>"""


def new_card() -> str:
    """Show a form for a new card."""
    return """<form method="post" action="/cards">
<h2>Send a card</h2>
<label>Place <input name="place" maxlength="60" required></label>
<label>Date <input name="sent" type="date" required></label>
<label>Tags, with spaces between <input name="tags"></label>
<label>Message <textarea name="message" maxlength="500" rows="3" required></textarea></label>
<button>Send</button>
</form>"""


def login(back: str) -> str:
    """Show a form to sign in and then go to `back`."""
    themes = "".join(f"<option>{theme}</option>" for theme in THEMES)
    return f"""<form method="post" action="/login">
<input type="hidden" name="next" value="{escape(back)}">
<label>Your name <input name="name" maxlength="60" autocomplete="nickname" required></label>
<label>Theme <select name="theme">{themes}</select></label>
<button>Sign in</button>
</form>"""


def problem(request: web.Request, what: Problem) -> web.Response:
    """Make the page that says what went wrong."""
    fields = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(reason)}</dd>" for name, reason in what.fields.items()
    )
    content = f"<p>{escape(what.detail)}</p>" + (f"<dl>{fields}</dl>" if fields else "")
    response = page(request, f"{what.status} {what.title}", content, what.status)
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response
