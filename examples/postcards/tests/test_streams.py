"""The export and the events."""

import json


async def test_the_export_is_a_line_of_json_for_every_card(client):
    answer = await client.get("/export.ndjson")
    lines = (await answer.text()).splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 2, 3, 4, 5, 6]


async def test_events_end_by_themselves_and_go_on_where_a_client_left_off(client):
    whole = (await (await client.get("/events")).text()).split("\n\n")
    rest = await client.get("/events", headers={"Last-Event-ID": "4"})
    assert rest.content_type == "text/event-stream"
    assert (await rest.text()).split("\n\n") == whole[4:]
    assert whole[-2:] == ["event: done\ndata:", ""]


async def test_an_event_id_that_is_nonsense_counts_for_nothing(client):
    whole = await (await client.get("/events")).text()
    for nonsense in ("x", "-1", "9" * 5000):
        answer = await client.get("/events", headers={"Last-Event-ID": nonsense})
        assert await answer.text() == whole
