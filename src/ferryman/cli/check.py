"""`ferryman check`: a target's own checks of files that it would be given."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from ferryman.cli.project_options import target_option
from ferryman.core.errors import ConfigError

__all__ = ("command",)


@click.command()
@target_option
@click.argument("directory", type=click.Path(path_type=Path))
@click.option("--kube-version", help="The Kubernetes they are for; by default the newest.")
@click.option("--strict", is_flag=True, help="Hold them to the strict rules, too.")
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def command(
    target: str, directory: Path, kube_version: str | None, strict: bool, as_json: bool
) -> int:
    """Check Kubernetes manifests, anyone's: schemas first, then our own rules.

    Ends with 0 if nothing was found, else with 1.

    \b
    Example:
      ferryman check -t k8s deploy/
    """
    from ferryman.core.build.target import find_target

    checking = getattr(find_target(target), "check", None)
    if checking is None:
        raise ConfigError(f"the target {target} has no checks of files", hint="`-t k8s` has")
    findings = checking(directory, kube_version=kube_version, strict=strict)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"{len(findings) or 'no'} findings", err=True)
    return 1 if findings else 0
