"""`ferryman targets`: lists the targets and what each supports."""

from __future__ import annotations

import json

import click

from ferryman.records.wording import size_text

__all__ = ("command",)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def command(as_json: bool) -> None:
    """List the installed targets and what each supports.

    \b
    Example:
      ferryman targets --json
    """
    from ferryman.targets.registry import installed_targets

    targets = installed_targets().values()
    if as_json:
        rows = [{"summary": t.summary, **t.capabilities._asdict()} for t in targets]
        click.echo(json.dumps(rows, indent=2))
        return
    for target in targets:
        offered = target.capabilities._asdict()
        click.echo(f"{target.name}: {target.summary}")
        for name in ("streaming", "websockets", "work_after_response"):
            click.echo(f"  {name.replace('_', ' ')}: {'yes' if offered[name] else 'no'}")
        limit = offered["response_limit"]
        click.echo(f"  largest response: {size_text(limit) if limit else 'no limit'}")
