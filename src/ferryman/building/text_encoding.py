"""Decodes text files that people's tools wrote, as pip decodes a requirements file."""

from __future__ import annotations

import codecs
import re

__all__ = ("decode_text",)

# UTF-32's begins with UTF-16's.
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CODING = re.compile(rb"#.*coding[:=]\s*([-\w.]+)")


def decode_text(content: bytes) -> str:
    """Return the text of a file whose encoding only its content tells.

    It begins with a byte order mark, as PowerShell writes it, or says `coding:` in one of its
    first two lines; else it is UTF-8, or what an editor of an older Windows wrote.

    Raises:
        LookupError: There is no encoding of the name that it says.
        UnicodeDecodeError: It is not what it says.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content.removeprefix(mark).decode(encoding)
    for line in content.split(b"\n", 2)[:2]:
        if found := _CODING.match(line):
            return content.decode(found[1].decode())
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252")
