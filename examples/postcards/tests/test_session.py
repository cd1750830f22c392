"""Signing in and out, and what a forger meets."""

import pytest
from pydantic import SecretStr

from postcards.session import seal, unseal
from postcards.settings import Settings


async def test_signing_in_sets_two_cookies_and_opens_the_own_page(client):
    form = {"name": "Zoë", "theme": "sea", "next": "/mine"}
    answer = await client.post("/login", data=form, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/mine")
    session, theme = answer.headers.getall("Set-Cookie")
    assert session.startswith("session=")
    assert "HttpOnly" in session
    assert theme.startswith("theme=sea;")
    assert "HttpOnly" not in theme
    page = await (await client.get("/mine")).text()
    assert 'data-theme="sea"' in page
    assert ">Zoë</a>" in page


async def test_the_own_page_sends_strangers_to_sign_in_first(client):
    answer = await client.get("/mine", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (302, "/login?next=/mine")


async def test_signing_out_forgets_the_visitor(ada):
    assert (await ada.get("/api/me")).status == 200
    cookie = ada.session.cookie_jar.filter_cookies(ada.make_url("/"))["session"].value
    await ada.post("/logout")
    assert (await ada.get("/api/me")).status == 401
    again = await ada.get("/api/me", headers={"Cookie": f"session={cookie}"})
    assert again.status == 401, "the session is gone, and not the cookie alone"


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "//evil.example", "/\\evil.example", "/\t/evil.example", "evil", ""],
)
async def test_signing_in_never_leads_to_another_site(client, address):
    form = {"name": "Ada", "next": address}
    answer = await client.post("/login", data=form, allow_redirects=False)
    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("cookie", ["", "1", "1.", "1.00", ".", "é.é", "zz.zz"])
def test_a_forged_session_has_no_number(cookie):
    assert unseal(cookie, Settings()) == ""


def test_a_session_is_read_with_the_secret_that_sealed_it_and_no_other():
    ours, theirs = (Settings(secret=SecretStr(secret)) for secret in ("ours", "theirs"))
    assert unseal(seal("12", ours), ours) == "12"
    assert unseal(seal("12", theirs), ours) == ""
