"""What a person sees of the wall."""

from html.parser import HTMLParser

import pytest

VOID = {"meta", "link", "img", "input"}
CARD = {"place": "Oslo", "sent": "2025-06-01", "message": "Hei", "tags": "fjord"}


class Outline(HTMLParser):
    """Checks that elements nest, and collects the addresses a page refers to."""

    def __init__(self):
        super().__init__()
        self.open = []
        self.addresses = []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self.addresses += [value for name, value in attrs if name in ("href", "src")]
        assert tag != "img" or dict(attrs).get("alt"), "an image without a description"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


@pytest.mark.parametrize("path", ["/", "/?page=2", "/?tag=none", "/cards/2", "/login", "/mine"])
async def test_every_page_nests_and_leads_nowhere_missing(ada, path):
    outline = Outline()
    outline.feed(await (await ada.get(path)).text())
    assert outline.open == []
    assert outline.addresses
    for address in outline.addresses:
        assert (await ada.get(address)).status == 200, address


async def test_what_senders_write_is_text_and_never_markup(ada):
    card = CARD | {"place": "<i>Oslo</i>", "message": '<script>alert("1 & 2")</script>'}
    page = await (await ada.post("/cards", data=card)).text()
    assert "<h1>&lt;i&gt;Oslo&lt;/i&gt;</h1>" in page
    assert "&lt;script&gt;alert(&quot;1 &amp; 2&quot;)&lt;/script&gt;" in page
    assert "<script" not in page


async def test_a_card_sent_with_the_form_is_the_latest(ada):
    sent = await ada.post("/cards", data=CARD, allow_redirects=False)
    latest = await ada.get("/latest", allow_redirects=False)
    assert (sent.status, sent.headers["Location"]) == (303, "/cards/7")
    assert (latest.status, latest.headers["Location"]) == (302, "/cards/7")


async def test_a_form_with_mistakes_says_which(ada):
    answer = await ada.post("/cards", data=CARD | {"sent": "soon", "tags": "two! three?"})
    page = await answer.text()
    assert answer.status == 422
    assert [
        name for name in ("place", "sent", "tags.0", "tags.1") if f"<dt>{name}</dt>" in page
    ] == [
        "sent",
        "tags.0",
        "tags.1",
    ]


async def test_the_wall_shows_the_newest_cards_first_and_links_to_older_ones(client):
    first = await (await client.get("/")).text()
    assert first.index("Nowhere") < first.index("Saint-Malo")
    assert "Lisbon" not in first
    assert 'rel="next" href="/?page=2"' in first
    assert "Lisbon" in await (await client.get("/?page=2")).text()


@pytest.mark.ferryman_requires("repeated_query")
async def test_old_links_keep_their_query(client):
    answer = await client.get("/wall?tag=sea&tag=", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (301, "/?tag=sea&tag=")


async def test_a_page_travels_compressed_if_the_browser_likes(client):
    answer = await client.get("/", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip"
    assert "Saint-Malo" in await answer.text()


async def test_a_missing_page_is_explained_to_a_person(client):
    answer = await client.get("/cards/99")
    assert (answer.status, answer.content_type) == (404, "text/html")
    assert "There is no postcard 99." in await answer.text()
