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
        "What each verb calls itself. The tests record every call that a verb makes and hold\n"
        "these tables to them, action by action. `sts:GetCallerIdentity` is called too, and\n"
        "needs no permission.\n\n"
        "`ferryman policy -t lambda` and `ferryman policy -t server` print the policy with the\n"
        "resources it is limited to. For verbs that change a stack it adds what CloudFormation\n"
        "does in your name, by the resources that the settings ask for; the condition\n"
        "`aws:CalledVia` limits those to CloudFormation.\n\n"
        "## A function\n\n"
        "A deploy sends a zip or an image besides, and `--direct` an image, or a zip over 50 MB.\n"
        "Lambda reads an image in your name: the policy has that, too.\n\n"
        + _table(CALLS)
        + "\n## A service\n\n"
        "A deploy sends an image besides. Why tasks stopped is asked where some did.\n\n"
        + _table(SERVICE_CALLS)
    )


def _table(calls: Mapping[str, Sequence[str]]) -> str:
    rows = [
        (f"`{verb}`", ", ".join(f"`{action}`" for action in sorted(set(actions))))
        for verb, actions in calls.items()
    ]
    return table(("verb", "actions"), rows)
