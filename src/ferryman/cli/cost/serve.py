"""``ferryman cost serve``: serves the calculator on this machine only."""

from __future__ import annotations

import click

from ferryman.core.errors import ConfigError

__all__ = ("serve",)


@click.command("serve")
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65_535),
    default=8765,
    show_default=True,
    help="Port on 127.0.0.1; 0 for a free one.",
)
@click.option("--open", "browse", is_flag=True, help="Open the page in the browser.")
def serve(port: int, browse: bool) -> None:
    """Serve the cost model as a page with sliders, on this machine only.

    A log that you open on the page is read on this machine and not sent elsewhere.

    \b
    Example:
      ferryman cost serve --open
    """
    import asyncio

    try:
        asyncio.run(_serve(port, browse))
    except OSError as error:
        raise ConfigError(
            f"port {port} of 127.0.0.1 cannot be used",
            cause=error.strerror or str(error),
            hint="give another --port, or 0 for a free one",
        ) from error
    except KeyboardInterrupt:
        pass


async def _serve(port: int, browse: bool) -> None:
    import asyncio

    from aiohttp import web

    from ferryman.calculator.app import create_app

    runner = web.AppRunner(create_app(local=True), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        address = f"http://127.0.0.1:{runner.addresses[0][1]}/"
        click.echo(f"the calculator is at {address}; Ctrl-C ends it", err=True)
        if browse:
            click.launch(address)
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
