"""The check as a whole: an app full of traps, apps without any, what is ignored, what is wrong."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from tests.portability.surveying import check, copied, found_in, planted_in, project_of

from ferryman.core.errors import AppError, ConfigError
from ferryman.portability.survey import gravest

HERE = Path(__file__).parent
TRAPS = HERE / "bazaar"
LOOK_ALIKES = HERE / "look_alikes"

LIMITER = """
from aiohttp import web


def limited():
    hits = {}

    @web.middleware
    async def count(request, handler):
        hits[request.path] = hits.get(request.path, 0) + 1  # M302
        return await handler(request)

    return count


class Orders:
    def __init__(self):
        self.total = 0

    async def show(self, request):
        self.total += 1  # M302
        return web.json_response(self.total)


async def create_app():
    app = web.Application(middlewares=[limited()])
    app.router.add_get("/", Orders().show)
    return app
"""

TYPED_VIEW = """
from aiohttp import web
from aiohttp.abc import AbstractView


class Typed(AbstractView):
    def __await__(self):
        return self.get().__await__()


class Cards:
    def __init__(self):
        self.kept = {}

    def keep(self, number):
        self.kept[number] = True  # M301


class Card(Typed):
    async def get(self):
        self.request.app["cards"].keep(self.request.match_info["number"])
        return web.Response()


def create_app():
    app = web.Application()
    app["cards"] = Cards()
    app.router.add_view("/cards/{number}", Card)
    return app
"""

KEEPS_HOOKS = """
class Schema:
    _hooks = {}

    def __init_subclass__(cls):
        cls._hooks = {}

    def load(self):
        self._hooks.setdefault("load", [])
"""

USES_HOOKS = """
import sys
from pathlib import Path

from aiohttp import web

sys.path.append(str(Path(__file__).parent / "site-packages"))
from keel_schemas import Schema


class Card(Schema):
    _seen = {}


async def card(request):
    Card().load()
    Card._seen["x"] = 1  # M302
    return web.Response()


def create_app():
    app = web.Application()
    app.router.add_get("/", card)
    return app
"""


HANDLERS = """
import functools, tempfile
from pathlib import Path
from aiohttp import web
from boats import store

SCRATCH = Path("/tmp/boats")

def logged(handler):
    @functools.wraps(handler)
    async def around(request):
        return await handler(request)
    return around

class Chat(web.View):
    async def get(self):
        return await self.talk()
    async def talk(self):
        socket = web.WebSocketResponse()
        await socket.prepare(self.request)
        return socket

@logged
async def upload(request):
    store.keep(await request.read())
    return web.Response()

async def harmless(request):
    SCRATCH.joinpath("a").write_bytes(b"")
    open("/tmp/b", "w").close()
    with tempfile.TemporaryDirectory() as scratch:
        Path(scratch, "c").write_text("")
    open("boats/store.py").close()
    return web.Response()

def app():
    made = web.Application()
    made.router.add_view("/chat", Chat)
    made.router.add_post("/upload", upload)
    made.router.add_get("/harmless", harmless)
    return made
"""


def test_each_trap_is_found_and_nothing_else(tmp_path: Path) -> None:
    root = copied(TRAPS, tmp_path)
    planted = planted_in(root)
    assert len(planted) >= 25
    began = time.monotonic()
    found = check(root, "bazaar.app:create_app")
    assert time.monotonic() - began < 30, "it takes 5 s beyond the app's start on an idle machine"
    assert sorted(found_in(found)) == sorted(planted)
    assert found.refused == ("k8s", "lambda", "server")


@pytest.mark.parametrize("app", sorted(path.name for path in LOOK_ALIKES.iterdir()))
def test_an_app_without_traps_has_no_findings(app: str, tmp_path: Path) -> None:
    root = copied(LOOK_ALIKES / app, tmp_path)
    found = check(root, f"{app}.main:create_app")
    assert found_in(found) == set()
    assert found.sent > 0


def test_the_example_moves(tmp_path: Path) -> None:
    root = copied(HERE.parents[1] / "examples" / "postcards", tmp_path)
    found = check(root, "postcards.app:create_app")
    assert (found_in(found), found.unused, found.refused) == (set(), (), ())
    assert {finding.code for finding, _ in found.ignored} == {"M102", "M201", "M701"}


def test_what_a_target_offers_decides(tmp_path: Path) -> None:
    root = copied(HERE / "examples" / "M101", tmp_path)
    assert check(root, "found:create_app", "server").findings == ()
    (finding,) = check(root, "found:create_app", "lambda:alb", "server").findings
    assert [*finding.effects] == ["lambda:alb"]


def test_options_of_a_target_decide(tmp_path: Path) -> None:
    root = copied(HERE / "examples" / "M102", tmp_path)
    streamed = check(root, "found:create_app", "lambda", lambda__streaming="true")
    assert "cut off after 30 s" in streamed.findings[0].effects["lambda"].text
    root = copied(HERE / "examples" / "M302", tmp_path / "second")
    one = check(root, "found:create_app", "server")
    assert [each.level for each in one.findings] == ["warning"]
    several = check(root, "found:create_app", "server", server__workers=4)
    assert [each.level for each in several.findings] == ["error"]


def test_both_sides_of_a_migration_open_pools(tmp_path: Path) -> None:
    root = copied(HERE / "examples" / "M601", tmp_path)
    processes = {"lambda__deploy__reserved_concurrency": 3, "server__workers": 2}
    few = {**processes, "portability__database_connections": 99}
    (finding,) = check(root, "found:create_app", "lambda", "server", **few).findings
    told = "a pool of up to 20 connections: lambda 60 and server 40, and the database accepts 99"
    assert finding.what == told
    enough = {**processes, "portability__database_connections": 100}
    assert check(root, "found:create_app", "lambda", "server", **enough).findings == ()


def test_what_is_ignored_is_told_apart(tmp_path: Path) -> None:
    root = copied(HERE / "examples" / "M302", tmp_path)
    meant = [
        {"code": "M302", "where": "found.py", "reason": "it counts for fun"},
        {"code": "M101", "where": "*", "reason": "there was one"},
    ]
    found = check(root, "found:create_app", portability__ignore=meant)
    assert found.findings == ()
    assert found.refused == ()
    assert [setting.reason for _, setting in found.ignored] == ["it counts for fun"]
    assert [setting.code for setting in found.unused] == ["M101"]


@pytest.mark.parametrize(
    ("ignored", "said"),
    [
        ({"code": "M31", "reason": "x"}, "there is no finding 'M31': did you mean 'M301'?"),
        ({"code": "M301"}, "Field required"),
        ({"code": "M301", "reason": ""}, "at least 1 character"),
        ({"code": "M301", "reason": "x", "file": "y"}, "not permitted"),
        ("M301", "it takes a table"),
    ],
)
def test_settings_that_are_wrong_are_refused(ignored: object, said: str, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'a'\nversion = '1'\n")
    with pytest.raises(ConfigError) as caught:
        check(tmp_path, "found:create_app", portability__ignore=[ignored])
    assert said in str(caught.value)
    assert "portability.ignore.0" in str(caught.value)


def test_an_app_that_fails_to_start_is_shown_by_its_own_frames(tmp_path: Path) -> None:
    code = "async def start(app):\n    1 / 0\n\ndef make():\n    from aiohttp import web\n"
    code += "    app = web.Application()\n    app.on_startup.append(start)\n    return app\n"
    (tmp_path / "broken.py").write_text(code)
    with pytest.raises(AppError) as caught:
        check(tmp_path, "broken:make")
    cause = caught.value.cause or ""
    assert "ZeroDivisionError" in cause
    assert 'broken.py", line 2' in cause
    assert "ferryman" not in cause.replace(str(tmp_path), "")
    assert "aiohttp" not in cause.replace(str(tmp_path), "")


def test_an_app_that_ends_the_process_is_told(tmp_path: Path) -> None:
    (tmp_path / "gone.py").write_text(
        "import os, sys\nprint('so long', file=sys.stderr)\nos._exit(3)\n"
    )
    with pytest.raises(AppError, match="ended the process") as caught:
        check(tmp_path, "gone:app")
    assert "so long" in (caught.value.cause or "")


def test_requests_that_are_none_are_refused_before_the_app_runs(tmp_path: Path) -> None:
    (tmp_path / "recorded.har").write_text('{"log": {}}')
    (tmp_path / "gone.py").write_text("raise SystemExit\n")
    with pytest.raises(ConfigError, match="cannot be read as a HAR"):
        check(tmp_path, "gone:app", portability__requests="recorded.har")


def test_a_target_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requests.toml").write_text('[[request]]\ntarget = "@elsewhere.example/"\n')
    (tmp_path / "gone.py").write_text("raise SystemExit\n")
    with pytest.raises(ConfigError, match="the target is not a path"):
        check(tmp_path, "gone:app")


def test_recorded_requests_are_sent(tmp_path: Path) -> None:
    root = copied(HERE / "examples" / "M301", tmp_path)
    asked = {"method": "GET", "url": "https://shop.example/?page=2", "headers": []}
    entries = [{"request": asked, "response": {"status": 200}}] * 3
    (root / "recorded.har").write_text(json.dumps({"log": {"entries": entries}}))
    found = check(root, "found:create_app", portability__requests="recorded.har")
    assert (found.sent, found_in(found)) == (3, planted_in(root))


def test_what_an_app_leaves_running_is_ended_and_holds_nothing_up(tmp_path: Path) -> None:
    code = (HERE / "examples" / "M512" / "mended.py").read_text()
    code = code.replace("import zlib", "import subprocess\nimport zlib")
    code += "\nchild = subprocess.Popen(['sleep', '1234'])\n"
    code += "open('child', 'w').write(str(child.pid))\n"
    (tmp_path / "left.py").write_text(code)
    found = check(tmp_path, "left:create_app", "lambda")
    assert {"M401", "M512"} == {each.code for each in found.findings}
    command = Path("/proc", (tmp_path / "child").read_text(), "cmdline")
    assert not command.exists() or b"1234" not in command.read_bytes()


def test_a_client_that_a_function_makes_at_import_is_seen(tmp_path: Path) -> None:
    code = (HERE / "examples" / "M305" / "found.py").read_text()
    hidden = code.replace("LOCK = asyncio.Lock()  # M305", "LOCK = make_lock()")
    hidden = hidden.replace("LOCK =", "def make_lock():\n    return asyncio.Lock()\n\n\nLOCK =", 1)
    (tmp_path / "found.py").write_text(hidden)
    found = check(tmp_path, "found:create_app")
    line = hidden.splitlines().index("LOCK = make_lock()") + 1
    assert found_in(found) == {("M305", f"found.py:{line}")}


def test_what_a_closure_keeps_is_seen(tmp_path: Path) -> None:
    (tmp_path / "src" / "shop").mkdir(parents=True)
    (tmp_path / "src" / "shop" / "__init__.py").write_text("")
    (tmp_path / "src" / "shop" / "app.py").write_text(LIMITER)
    found = check(tmp_path, "shop.app:create_app")
    assert {code for code, _ in found_in(found)} == {"M302"}
    assert found_in(found) == {
        (code, f"src/{place}") for code, place in planted_in(tmp_path / "src")
    }


def test_the_handlers_of_a_view_that_a_package_bases_on_the_abstract_one_are_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "cards.py").write_text(TYPED_VIEW)
    found = check(tmp_path, "cards:create_app", "lambda")
    assert found_in(found) == planted_in(tmp_path)


def test_what_a_package_keeps_in_each_class_that_extends_its_own_is_no_state_of_the_app(
    tmp_path: Path,
) -> None:
    # A package is what lies in a directory of installed ones.
    (tmp_path / "site-packages").mkdir()
    (tmp_path / "site-packages" / "keel_schemas.py").write_text(KEEPS_HOOKS)
    (tmp_path / "cards.py").write_text(USES_HOOKS)
    found = check(tmp_path, "cards:create_app", "lambda")
    assert found_in(found) == planted_in(tmp_path)


def test_a_target_of_the_settings_that_is_not_there_is_named_with_its_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        check(tmp_path, "a:b", portability__targets=["lamda"])
    assert caught.value.message == "flag portability.targets: there is no target 'lamda'"
    assert caught.value.hint == "did you mean 'lambda'?"


def test_a_second_process_shows_keys_that_the_code_hides(tmp_path: Path) -> None:
    code = (HERE / "examples" / "M304" / "found.py").read_text()
    hidden = code.replace(
        "SECRET = secrets.token_bytes(32)", "SECRET = str(id(secrets.Random())).encode()"
    )
    hidden = "import os\n" + hidden.replace(
        "str(id(secrets.Random()))", "str(os.getpid())"
    ).replace("  # M304", "")
    (tmp_path / "found.py").write_text(hidden)
    found = check(tmp_path, "found:create_app")
    assert [(each.code, each.place.line) for each in found.findings] == [
        ("M304", hidden.splitlines().index("async def account(request):") + 1)
    ]


def test_what_lambda_does_not_carry_is_told_without_a_run(tmp_path: Path) -> None:
    store = (
        "def keep(data):\n    with open('uploads/last', 'wb') as file:\n        file.write(data)\n"
    )
    unused = "def clean():\n    open('log', 'w')\n"
    (tmp_path / "boats").mkdir()
    for name, text in {"__init__": HANDLERS, "store": store, "unused": unused}.items():
        (tmp_path / "boats" / f"{name}.py").write_text(text)
    lines = gravest(project_of(tmp_path, "boats:app"), ["lambda"])["lambda"]
    assert [line.partition(": the")[0].partition(": only")[0] for line in lines] == [
        "boats/__init__.py:19: M101 Chat.talk opens a WebSocket",
        "boats/store.py:2: M401 keep writes uploads/last",
    ]
    assert "can write only to /tmp" in lines[1]
