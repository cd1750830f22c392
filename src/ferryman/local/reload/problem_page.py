"""Explains in the terminal and in the browser why an app does not start.

A page in a browser reloads at the next save. Other clients receive plain text.
"""

from __future__ import annotations

import asyncio
import html
import traceback
from string import Template

from aiohttp import hdrs, web

from ferryman.core.errors import FerrymanError

__all__ = ("NEXT_SAVE", "answer_next_save", "answer_problem", "problem_text", "show_problem")

NEXT_SAVE = "/.ferryman/next-save"
"""The path of a request that ends at the next save."""

_NEXT = "ferryman tries again at the next save."

_PAGE = Template("""\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The app does not start</title>
<style>
  :root { color-scheme: light dark }
  body { max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
  body { font: 1rem/1.5 system-ui, sans-serif }
  pre { overflow-x: auto; padding: 1rem; border-left: 0.3rem solid #c33; background: #8882 }
</style>
<h1>The app does not start</h1>
<pre>$text</pre>
<p>$next</p>
$script
</html>
""")
# The request fails if the process that runs the app has ended. The next process may answer it.
_SCRIPT = Template("""\
<script>
  async function reload() {
    try {
      await fetch("$path", {cache: "no-store"});
      location.reload();
    } catch {
      setTimeout(reload, 500);
    }
  }
  reload();
</script>""")


def problem_text(error: BaseException) -> str:
    """Return the text of ferryman's own error, or the traceback of another one."""
    if isinstance(error, FerrymanError):
        return f"error: {error}"
    return "".join(traceback.format_exception(error))


def show_problem(text: str) -> None:
    """Write the error to standard error."""
    import click

    what, _, rest = text.partition(":")
    click.secho(what, fg="red", bold=True, nl=False, err=True)
    click.echo(f":{rest}\n{_NEXT}", err=True)


def answer_problem(request: web.BaseRequest, text: str, status: int) -> web.Response:
    """Return the response to any request while the app does not start.

    Args:
        request: The request.
        text: The error.
        status: The status of the response.
    """
    headers = {hdrs.CACHE_CONTROL: "no-store"}
    if "text/html" not in request.headers.get(hdrs.ACCEPT, ""):
        return web.Response(status=status, text=f"{text}\n\n{_NEXT}\n", headers=headers)
    # A reload would send a POST again, so only the page of a GET reloads.
    script = _SCRIPT.substitute(path=NEXT_SAVE) if request.method == hdrs.METH_GET else ""
    page = _PAGE.substitute(text=html.escape(text), next=_NEXT, script=script)
    return web.Response(status=status, text=page, content_type="text/html", headers=headers)


async def answer_next_save(saved: asyncio.Event) -> web.Response:
    """Return an empty response at the next save."""
    await saved.wait()
    return web.Response(status=204)
