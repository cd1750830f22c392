"""`ferryman policy`: prints the permissions that deploy and the verbs after it need."""

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
    help="The verb. Can be repeated.",
)
def command(
    target: str, own: dict[str, Any], verbs: tuple[str, ...], wait: bool, **options: Any
) -> None:
    """Print the least permissions that a deploy needs: an IAM policy, or a Role.

    It is JSON with and without `--json`, and `kubectl apply -f -` takes a Role as it is. A
    deploy to Kubernetes with `--no-wait` needs fewer.

    \b
    Example:
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
