"""Pieces of results that several sources share: headers as objects, and status names."""

from __future__ import annotations

from http import HTTPStatus

from ferryman.targets.lambda_.runtime.events.source import Headers

__all__ = ("list_values", "one_value_a_name", "status_phrase")


def one_value_a_name(headers: Headers) -> dict[str, str]:
    """Return headers by name, without losing any.

    Commas join the values of a repeated header, which means the same (RFC 9110, 5.3). Set-Cookie is
    an exception: each cookie gets another spelling of the name, because keys of the object are
    case-sensitive and HTTP's names are not.
    """
    result: dict[str, str] = {}
    cookies = 0
    for name, value in headers:
        if name == "set-cookie":
            name = _spelling(cookies)
            cookies += 1
        result[name] = f"{result[name]}, {value}" if name in result else value
    return result


def list_values(headers: Headers) -> dict[str, list[str]]:
    """Return headers by name, each with the list of its values."""
    result: dict[str, list[str]] = {}
    for name, value in headers:
        result.setdefault(name, []).append(value)
    return result


def status_phrase(status: int) -> str:
    """Return the name of a status, such as `Not Found`; one without a name has none."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _spelling(number: int) -> str:
    """Return one of the 512 ways to spell Set-Cookie; they repeat from there on."""
    letters = []
    for letter in "set-cookie":
        if letter != "-":
            letter = letter.upper() if number & 1 else letter
            number >>= 1
        letters.append(letter)
    return "".join(letters)
