"""`ferryman check`: checks that the app works on each target, manifests, and parity."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ferryman.cli.completed_values import complete_targets
from ferryman.cli.project_options import open_project, open_target, project_options
from ferryman.cli.terminal import working
from ferryman.core.errors import ConfigError
from ferryman.records.wording import counted

__all__ = ("command",)


@click.command()
@click.option(
    *("-t", "--target", "targets"),
    metavar="TARGET",
    shell_complete=complete_targets,
    multiple=True,
    help="A target, such as server or lambda:alb; repeat for several. k8s alone checks the "
    "manifests.",
)
@click.option(
    "--requests",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file of requests to send to the app, TOML or HAR; by default requests.toml.",
)
@click.option(
    *("--parity", "parity"),
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="A file of requests, TOML or HAR, to which all targets must respond alike.",
)
@click.option("--strict", is_flag=True, help="Fail on warnings too.")
@click.option("--server", is_flag=True, help="With -t k8s: validate in the cluster, too.")
@click.option(
    "--context",
    metavar="NAME",
    help="With -t k8s: the context of the kubeconfig; by default the current context.",
)
@click.option(
    *("-n", "--namespace"),
    metavar="NAME",
    help="With -t k8s: the namespace; by default the project's.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.option("--sarif", "as_sarif", is_flag=True, help="Print the app's findings as SARIF 2.1.0.")
@project_options
def command(
    targets: tuple[str, ...],
    requests: Path | None,
    parity: Path | None,
    strict: bool,
    server: bool,
    context: str | None,
    namespace: str | None,
    as_json: bool,
    as_sarif: bool,
    **options: Any,
) -> int:
    """Find what in the app does not work on a target; or check manifests, or compare targets.

    The command runs the app on this machine, sends it requests, and reads the code that they run.
    Each finding says where it is, what happens on each target, and how to fix it.

    With `-t k8s` alone the command checks the objects that a deploy would apply, with patches and
    in every environment: against the schemas, the API server's validation, and ferryman's rules.
    With `--parity` it sends each request to a new instance of the app on each target, and shows the
    differences side by side.

    Exits with 1 if the app has an error on a target, or with --strict a warning; if an object has a
    finding; or if responses differ. Otherwise exits with 0.

    \b
    Examples:
      ferryman check
      ferryman check -t lambda:alb -t server --requests recorded.har --sarif
      ferryman check -t k8s --server
      ferryman check -t server -t lambda:alb --parity requests.toml
    """
    if as_json and as_sarif:
        raise click.UsageError("--json and --sarif each print the findings: pass one of them")
    if parity is not None:
        if len(targets) < 2:
            raise ConfigError("--parity compares targets", hint="pass -t for two or more")
        from ferryman.cli.parity_check import check_parity

        _, project = open_target(targets[0].partition(":")[0], **options)
        return check_parity(project, parity, targets, as_json)
    if len(targets) == 1 and _checks_objects(targets[0]):
        own = {"server": server, "context": context, "namespace": namespace}
        return _check_objects(targets[0], own, as_json, **options)
    return _check_app(targets, requests, as_json, as_sarif, strict, **options)


def _check_app(
    targets: tuple[str, ...],
    requests: Path | None,
    as_json: bool,
    as_sarif: bool,
    strict: bool,
    **options: Any,
) -> int:
    from ferryman.cli.portability_check import check_portability
    from ferryman.targets.registry import installed_targets

    project = open_project(**options, targets=installed_targets(), wanted=("portability",))
    form = "sarif" if as_sarif else "json" if as_json else "text"
    return check_portability(project, targets, requests, form, strict)


def _checks_objects(target: str) -> bool:
    """Return whether a target can check the objects that a deploy would apply."""
    from ferryman.targets.deployment import Checks
    from ferryman.targets.registry import installed_targets

    return isinstance(installed_targets().get(target), Checks)


def _check_objects(target: str, own: dict[str, Any], as_json: bool, **options: Any) -> int:
    from ferryman.targets.deployment import Checks, Choices

    chosen, project = open_target(target, **options)
    assert isinstance(chosen, Checks)
    with working("checking the manifests") as progress:
        findings = chosen.check(project, Choices(own=own), progress)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            click.echo(str(finding))
        click.echo(counted(len(findings), "finding") if findings else "no findings", err=True)
    return 1 if findings else 0
