"""The types of answers: handlers that are annotated with them, and the page that lists them."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

import ferryman
from ferryman.cli.invoke import FIXTURES
from ferryman.core import answer_types
from ferryman.core.triggers import deliver


async def lets_in(app: web.Application, event: dict[str, Any]) -> ferryman.AuthorizerPolicy:
    return {
        "principalId": "ada",
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": "*"}],
        },
    }


async def keeps_all(app: web.Application, event: dict[str, Any]) -> ferryman.FirehoseAnswer:
    return {
        "records": [
            {"recordId": each["recordId"], "result": "Ok", "data": each["data"]}
            for each in event["records"]
        ]
    }


async def test_what_a_typed_handler_answers_is_the_result() -> None:
    app = web.Application()
    app[ferryman.triggers] = {"authorizer": lets_in, "firehose": keeps_all}
    question = {"type": "TOKEN", "methodArn": "arn:aws:execute-api:x", "authorizationToken": "t"}
    assert await deliver(app, question) == await lets_in(app, question)
    stream = json.loads(FIXTURES["firehose"].read_text())
    assert await deliver(app, stream) == await keeps_all(app, stream)


def test_the_reference_lists_the_types_and_each_is_public(repository: Path) -> None:
    page = (repository / "docs/reference/triggers.md").read_text(encoding="utf-8")
    table = page.partition("## Types of answers")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == list(answer_types.__all__)
    assert set(answer_types.__all__) <= set(ferryman.__all__)


def test_an_annotation_loads_nothing() -> None:
    code = (
        "from __future__ import annotations\nimport sys, ferryman\n"
        "async def allow(app, event) -> ferryman.AuthorizerAnswer: ...\n"
        "assert not any(name.startswith(('ferryman.core', 'aiohttp')) for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
