"""What a program sees of the wall."""

import gzip
import json

import pytest

CARD = {"sender": "Ada", "place": "Tromsø", "sent": "2025-04-01", "message": "Nordlys", "tags": []}
REPEATED = pytest.mark.ferryman_requires("repeated_query")


async def numbers(client, query):
    found = await (await client.get(f"/api/cards{query}")).json()
    return [card["number"] for card in found["cards"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [6, 5, 4, 3]),
        ("?page=2", [2, 1]),
        ("?page=3", []),
        pytest.param("?tag=hills&tag=city", [4, 2, 1], marks=REPEATED),
        ("?tag=", [6]),
        pytest.param("?tag=&tag=hills", [6, 2], marks=REPEATED),
        ("?sender=Ada&text=TRAM", [1]),
        ("?text=1+%26+2", [4]),
    ],
)
async def test_a_query_chooses_cards(client, query, expected):
    assert await numbers(client, query) == expected


@REPEATED
async def test_links_lead_through_the_pages_of_a_search(client):
    first = await client.get("/api/cards?size=2&tag=sea&tag=city")
    assert (await first.json())["total"] == 4
    second = await client.get(first.links["next"]["url"].relative())
    assert [card["number"] for card in (await second.json())["cards"]] == [3, 1]
    assert second.links["prev"]["url"].query_string == "tag=sea&tag=city&page=1&size=2"
    assert "next" not in second.links


async def test_a_card_lives_from_post_to_delete(client):
    created = await client.post("/api/cards", json=CARD)
    address = created.headers["Location"]
    assert (created.status, address) == (201, "/api/cards/7")
    await client.patch(address, json={"tags": ["Sea"]})
    assert (await (await client.get(address)).json())["tags"] == ["sea"]
    await client.put(address, json=CARD | {"message": "Snow"})
    assert await (await client.get(address)).json() == CARD | {
        "message": "Snow",
        "number": 7,
        "stamp": "/stamps/7.png",
    }
    assert (await client.delete(address)).status == 204
    assert (await client.get(address)).status == 404


async def test_a_number_is_never_given_twice(client):
    await client.delete("/api/cards/6")
    assert (await (await client.post("/api/cards", json=CARD)).json())["number"] == 7


async def test_mistakes_are_named_field_by_field(client):
    answer = await client.post("/api/cards", json={"sender": " ", "sent": "2025-02-30", "x": 1})
    assert (answer.status, answer.content_type) == (422, "application/problem+json")
    problem = await answer.json()
    assert problem["status"] == 422
    assert set(problem["fields"]) == {"sender", "place", "sent", "message", "x"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 30_000])
async def test_a_body_that_is_no_json_object_is_refused(client, body):
    assert (await client.post("/api/cards", data=body)).status == 400


async def test_a_refused_change_changes_nothing(client):
    before = await (await client.get("/api/cards/1")).json()
    assert (await client.patch("/api/cards/1", json={"place": "X", "sent": "no"})).status == 422
    assert await (await client.get("/api/cards/1")).json() == before


async def test_a_wrong_method_is_told_the_right_ones(client):
    answer = await client.post("/api/cards/1")
    assert (answer.status, answer.headers["Allow"]) == (405, "DELETE,GET,HEAD,PATCH,PUT")
    assert answer.content_type == "application/problem+json"


async def test_a_compressed_card_arrives_whole(client):
    body = gzip.compress(json.dumps(CARD).encode())
    answer = await client.post("/api/cards", data=body, headers={"Content-Encoding": "gzip"})
    assert (await answer.json())["place"] == "Tromsø"


async def test_the_limit_counts_a_body_as_it_is_once_decompressed(client):
    body = gzip.compress(b"x" * 100_000)
    answer = await client.post("/api/cards", data=body, headers={"Content-Encoding": "gzip"})
    assert answer.status == 413


async def test_the_sorting_office_has_counted_a_card_when_it_is_asked(client):
    await client.post("/api/cards", json=CARD | {"place": "Cairo"})
    assert (await (await client.get("/api/places")).json())["Cairo"] == 2
