"""`ferryman policy`: prints the permissions that `deploy` and other verbs need."""

from __future__ import annotations

import json
from typing import Any

import click

from ferryman.cli.deployment_command import deployable, deployment_verb
from ferryman.cli.project_options import open_target
from ferryman.core.errors import ConfigError

__all__ = ("command",)

_VERBS = ("deploy", "diff", "status", "logs", "rollback", "delete")


@deployment_verb("policy")
@click.option(
    "--for",
    "verbs",
    type=click.Choice(_VERBS),
    multiple=True,
    default=("deploy",),
    show_default=True,
    help="The verb; repeat for several.",
)
def command(
    target: str, own: dict[str, Any], verbs: tuple[str, ...], wait: bool, **options: Any
) -> None:
    """Print the permissions that a deploy needs, and no more: an IAM policy, or a Role.

    The output is JSON with and without `--json`; `kubectl apply -f -` accepts a Role as printed. A
    deploy to Kubernetes with `--no-wait` needs fewer permissions.

    \b
    Examples:
      ferryman policy -t lambda --direct --for deploy --for rollback
      ferryman policy -t k8s --no-wait
    """
    from ferryman.targets.deployment import Choices, Permits

    chosen = deployable(target)
    if not isinstance(chosen, Permits):
        raise ConfigError(
            f"the target {target} has no permissions to print",
            hint="`-t lambda`, `-t server` and `-t k8s` have some",
        )
    for shared in ("as_json", "yes", "timeout"):
        options.pop(shared)
    _, project = open_target(target, **options)
    click.echo(json.dumps(chosen.policy(project, Choices(wait=wait, own=own), verbs), indent=2))
