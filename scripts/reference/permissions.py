"""The page of the permissions on AWS, from the tables that tests hold to the recorded calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scripts.reference.markdown import GENERATED, table

from ferryman.targets.lambda_.deploying.permissions import CALLS
from ferryman.targets.server.deploying.service_permissions import SERVICE_CALLS

__all__ = ("permissions_page",)


def permissions_page() -> str:
    """Return the page: what each verb on a function and on a service calls itself."""
    return (
        GENERATED + "# AWS permissions\n\n"
        "These are the actions that each command calls itself. The tests record every call of a\n"
        "command and compare it with these tables. Commands also call `sts:GetCallerIdentity`,\n"
        "which needs no permission.\n\n"
        "`ferryman policy -t lambda` and `ferryman policy -t server` print the policy, limited to\n"
        "your resources. For commands that change a stack the policy adds the actions that\n"
        "CloudFormation takes in your name, for the resources in the settings; the condition\n"
        "`aws:CalledVia` limits these actions to CloudFormation.\n\n"
        "## A function\n\n"
        "A deploy also sends a zip or an image; `--direct` sends an image, or a zip over 50 MB.\n"
        "Lambda reads an image in your name, so the policy allows that, too.\n\n"
        + _table(CALLS)
        + "\n## A service\n\n"
        "A deploy also sends an image. If tasks stop, the command asks ECS for the reason.\n\n"
        + _table(SERVICE_CALLS)
    )


def _table(calls: Mapping[str, Sequence[str]]) -> str:
    rows = [
        (f"`{verb}`", ", ".join(f"`{action}`" for action in sorted(set(actions))))
        for verb, actions in calls.items()
    ]
    return table(("verb", "actions"), rows)
