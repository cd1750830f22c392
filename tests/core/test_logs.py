from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from ferryman.core.access import AccessRecord
from ferryman.core.context import RequestContext, current_context
from ferryman.core.errors import AppError, FerrymanError
from ferryman.core.logs import JsonFormatter, configure

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def root() -> Iterator[None]:
    """Give the root logger back as it was."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield
    logger.handlers[:] = handlers
    logger.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_line_of_json_whatever_it_says() -> None:
    stream = io.StringIO()
    configure("auto", "INFO", stream)
    logging.getLogger("shop").info("a\r\nb\u2028c \x1b[31m %s", {"x": "\n"})
    (line,) = lines(stream)
    assert line["message"] == "a\r\nb\u2028c \x1b[31m {'x': '\\n'}"
    assert (line["level"], line["logger"]) == ("INFO", "shop")
    assert line["timestamp"].endswith("Z")
    assert "\x1b" not in stream.getvalue()


def test_a_record_of_a_request_says_which_and_of_which_trace() -> None:
    stream = io.StringIO()
    configure("json", "INFO", stream)
    token = current_context.set(RequestContext("r-1", lambda: TRACE))
    try:
        logging.getLogger("shop").warning("slow")
    finally:
        current_context.reset(token)
    logging.getLogger("shop").warning("idle")
    within, without = lines(stream)
    assert within["request_id"] == "r-1"
    assert within["trace_id"] == "0af7651916cd43dd8448eb211c80319c"
    assert within["span_id"] == "b7ad6b7169203331"
    assert not {"request_id", "trace_id", "span_id"} & set(without)


def test_an_exception_is_within_the_line() -> None:
    stream = io.StringIO()
    configure("json", "INFO", stream)
    try:
        raise ValueError("no\nsuch thing")
    except ValueError:
        logging.getLogger("shop").exception("failed")
    (line,) = lines(stream)
    assert line["exception"].startswith("Traceback")
    assert line["exception"].endswith("ValueError: no\nsuch thing")


def test_an_answered_request_brings_its_fields() -> None:
    stream = io.StringIO()
    configure("json", "INFO", stream)
    record = AccessRecord("GET", "/a", "/{x}", 200, 0.25, 3, 12, "192.0.2.1", "curl")
    logging.getLogger("ferryman.access").info("GET /a 200", extra={"access": record})
    (line,) = lines(stream)
    assert record._asdict().items() <= line.items()


def test_a_terminal_gets_text_and_no_second_line_can_be_forged() -> None:
    stream = Terminal()
    configure("auto", "INFO", stream)
    logging.getLogger("shop").info("hello\n12:00:00 ERROR   shop: forged\x1b[2J")
    assert stream.getvalue().count("\n") == 1
    assert "\\n12:00:00 ERROR" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_what_is_below_the_level_is_not_shown() -> None:
    stream = io.StringIO()
    configure("json", "WARNING", stream)
    logging.getLogger("shop").info("quiet")
    assert stream.getvalue() == ""


def test_an_error_of_ferryman_crosses_to_another_process_as_data() -> None:
    error = AppError("no", cause="it is\nlate", hint="wait")
    record = logging.LogRecord("a", logging.ERROR, "f", 1, "%s", (error,), None)
    record.error = error
    told = json.loads(JsonFormatter().format(record))["error"]
    back = FerrymanError.from_dict(told)
    assert (type(back), str(back), back.exit_code) == (AppError, str(error), 3)


def test_an_error_of_an_unknown_kind_keeps_its_words() -> None:
    back = FerrymanError.from_dict({"code": "Sunk", "message": "m", "cause": None, "hint": "h"})
    assert (type(back), back.message, back.hint) == (FerrymanError, "m", "h")
