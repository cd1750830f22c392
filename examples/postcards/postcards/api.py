"""The wall for programs: a JSON API, as an application of its own under /api."""

import json
from functools import partial

from aiohttp import hdrs, web

from postcards.bodies import read_object
from postcards.cards import Draft, Postcard, Search
from postcards.office import OFFICE
from postcards.problems import Problem, explain
from postcards.session import visitor
from postcards.storage import STORAGE

routes = web.RouteTableDef()
answer = partial(web.json_response, dumps=partial(json.dumps, ensure_ascii=False))


@routes.get("/cards")
async def list_cards(request: web.Request) -> web.Response:
    """List the cards that a query asks for; Link headers lead to the other pages."""
    search = Search.from_query(request.query)
    found = await request.config_dict[STORAGE].search(search)
    response = answer({"total": found.total, "cards": [as_json(card) for card in found.cards]})
    if search.page > 1:
        response.headers.add(
            "Link", f'<{search.address(request.path, search.page - 1)}>; rel="prev"'
        )
    if search.page * search.size < found.total:
        response.headers.add(
            "Link", f'<{search.address(request.path, search.page + 1)}>; rel="next"'
        )
    return response


@routes.post("/cards")
async def create_card(request: web.Request) -> web.Response:
    """Hang a new card."""
    draft = Draft.model_validate(await read_object(request))
    card = await request.config_dict[STORAGE].add(draft)
    request.config_dict[OFFICE].accept(card)
    return answer(as_json(card), status=201, headers={"Location": f"/api/cards/{card.number}"})


@routes.get("/cards/{number:[0-9]{1,9}}")
async def get_card(request: web.Request) -> web.Response:
    """Give one card."""
    return answer(as_json(await request.config_dict[STORAGE].get(number_of(request))))


@routes.put("/cards/{number:[0-9]{1,9}}")
async def replace_card(request: web.Request) -> web.Response:
    """Replace a whole card."""
    draft = Draft.model_validate(await read_object(request))
    return answer(as_json(await request.config_dict[STORAGE].replace(number_of(request), draft)))


@routes.patch("/cards/{number:[0-9]{1,9}}")
async def change_card(request: web.Request) -> web.Response:
    """Change some fields of a card."""
    storage = request.config_dict[STORAGE]
    card = await storage.get(number_of(request))
    fields = card.model_dump(exclude={"number"}) | await read_object(request)
    return answer(as_json(await storage.replace(card.number, Draft.model_validate(fields))))


@routes.delete("/cards/{number:[0-9]{1,9}}")
async def remove_card(request: web.Request) -> web.Response:
    """Take a card down."""
    await request.config_dict[STORAGE].remove(number_of(request))
    return web.Response(status=204)


@routes.get("/me")
async def who_am_i(request: web.Request) -> web.Response:
    """Tell a visitor who is signed in who they are."""
    guest = visitor(request)
    if not guest.name:
        raise web.HTTPUnauthorized
    return answer({"name": guest.name, "theme": guest.theme})


@routes.get("/places")
async def count_places(request: web.Request) -> web.Response:
    """Give the sorting office's count of the cards sent from each place."""
    return answer(await request.config_dict[OFFICE].places())


def number_of(request: web.Request) -> int:
    """Read the number of the card that the path names."""
    return int(request.match_info["number"])


def as_json(card: Postcard) -> dict[str, object]:
    """Write a card as the API shows it."""
    return {**card.model_dump(mode="json"), "stamp": f"/stamps/{card.number}.png"}


def as_problem(_request: web.Request, problem: Problem) -> web.Response:
    """Write a problem as RFC 9457 has it."""
    body = {"title": problem.title, "status": problem.status, "detail": problem.detail}
    if problem.fields:
        body["fields"] = problem.fields
    response = answer(body, status=problem.status, content_type="application/problem+json")
    response.headers[hdrs.CACHE_CONTROL] = "no-store"
    return response


def create_api() -> web.Application:
    """Make the API, to be added under a prefix."""
    api = web.Application(middlewares=[explain(as_problem)])
    api.add_routes(routes)
    return api
