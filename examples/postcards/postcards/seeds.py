"""The cards that hang on a new wall."""

from aiohttp import web

from postcards.cards import Draft
from postcards.office import OFFICE
from postcards.storage import STORAGE

SEEDS = (
    ("Ada", "Lisbon", "2024-05-02", "sea city", "The trams climb like goats."),
    ("Blaise", "Clermont-Ferrand", "2024-06-19", "hills", "Carried a barometer up. It fell."),
    ("Chien", "高雄", "2024-07-07", "sea", "港口的風很大。 A strong wind in the harbour."),
    ("Dorothy", "Cairo", "2024-09-30", "city", "Sand in my shoes, 1 & 2 < 3, “tea” at four."),
    ("Émile", "Saint-Malo", "2025-01-11", "sea", "La marée monte plus vite que nous."),
    ("Ada", "Nowhere", "2025-02-28", "", "The train stopped, and nobody knew why."),
)


async def seed(app: web.Application) -> None:
    """Hang the first cards on a new wall."""
    for card in await app[STORAGE].hang_first(map(_draft, SEEDS)):
        app[OFFICE].accept(card)


def _draft(row: tuple[str, str, str, str, str]) -> Draft:
    sender, place, sent, tags, message = row
    fields = {"sender": sender, "place": place, "sent": sent, "message": message}
    return Draft.model_validate({**fields, "tags": tags.split()})
