"""The options that every verb on a cluster shares, and the operations they lead to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ferryman.cli.project_options import open_target, project_options, target_option
from ferryman.cli.talk import announce
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from ferryman.targets.k8s.cluster.operations import Operations

__all__ = ("asking", "cluster_options", "dry_run_option", "open_operations", "yes_option")

_Command = TypeVar("_Command", bound=Callable[..., Any])


def cluster_options(command: _Command) -> _Command:
    """Add the target, the project's options, `--context` and `--namespace` to a command."""
    options = (
        target_option,
        project_options,
        click.option("--context", help="The context of the kubeconfig; by default the current."),
        click.option(
            *("-n", "--namespace"),
            help="The namespace; by default the project's, or else the context's.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


dry_run_option = click.option("--dry-run", is_flag=True, help="Change nothing; say what would be.")
yes_option = click.option("-y", "--yes", is_flag=True, help="Delete without asking.")


def open_operations(
    target: str, context: str | None, namespace: str | None, **options: Any
) -> Operations:
    """Return the operations of a target on a project.

    Raises:
        ConfigError: The target has none, or a file, a key or a value is wrong.
    """
    chosen, project = open_target(target, **options)
    opening = getattr(chosen, "operations", None)
    if opening is None:
        raise ConfigError(
            f"the target {chosen.name} has nothing to deploy to yet",
            hint="`-t k8s` deploys to a Kubernetes cluster",
        )
    operations: Operations = opening(project, context, namespace, announce)
    return operations


def asking(yes: bool) -> Callable[[str], bool]:
    """Return what asks the user; without a terminal the answer is no."""

    def ask(question: str) -> bool:
        if yes:
            return True
        if sys.stdin.isatty():
            return click.confirm(question, err=True)
        announce(f"kept, for nobody can be asked (--yes deletes): {question}")
        return False

    return ask
