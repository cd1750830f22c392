"""`ferryman check`: a target's checks of files, and whether targets answer alike."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ferryman.cli.project_options import open_target, project_options
from ferryman.core.errors import ConfigError

__all__ = ("command",)


@click.command()
@click.option(
    *("-t", "--target", "targets"),
    multiple=True,
    help="k8s for its manifests; with --parity two or more, such as lambda:alb.",
)
@click.argument("manifests", required=False, metavar="[DIRECTORY]", type=click.Path(path_type=Path))
@click.option(
    *("--parity", "requests"),
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="REQUESTS",
    help="A file of requests, TOML or HAR, that the targets must answer alike.",
)
@click.option("--kube-version", help="The Kubernetes they are for; by default the newest.")
@click.option("--strict", is_flag=True, help="Hold them to the strict rules, too.")
@click.option(
    *("--ignore", "ignored"),
    multiple=True,
    metavar="CODE",
    help="A rule that they are not held to, such as K504.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@project_options
def command(
    targets: tuple[str, ...],
    manifests: Path | None,
    requests: Path | None,
    kube_version: str | None,
    strict: bool,
    ignored: tuple[str, ...],
    as_json: bool,
    **options: Any,
) -> int:
    """Check Kubernetes manifests, anyone's, or that targets answer requests alike.

    Manifests are held to their schemas first, then to our own rules. With `--parity` each
    request is sent to a fresh app on each target, and what differs is shown side by side.

    Ends with 0 if nothing was found, else with 1.

    \b
    Example:
      ferryman check -t k8s deploy/
      ferryman check -t server -t lambda:alb --parity requests.toml
    """
    if requests is not None:
        if len(targets) < 2:
            raise ConfigError("--parity compares targets", hint="name two or more, each by -t")
        from ferryman.cli.parity_check import check_parity

        _, project = open_target(targets[0].partition(":")[0], **options)
        return check_parity(project, requests, targets, as_json)
    if len(targets) != 1 or manifests is None:
        raise ConfigError(
            "there is nothing to check", hint="name a target by -t and a directory, or --parity"
        )
    wishes = {"kube_version": kube_version, "strict": strict, "ignored": ignored}
    return _check_files(targets[0], manifests, wishes, as_json)


def _check_files(target: str, directory: Path, wishes: dict[str, Any], as_json: bool) -> int:
    from ferryman.core.build.target import find_target

    checking = getattr(find_target(target), "check", None)
    if checking is None:
        raise ConfigError(f"the target {target} has no checks of files", hint="`-t k8s` has")
    findings = checking(directory, **wishes)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(f"{len(findings) or 'no'} findings", err=True)
    return 1 if findings else 0
