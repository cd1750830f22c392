"""What of a new project depends on the target that its pipeline deploys to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ("CHOICES", "Choice")


@dataclass(frozen=True, slots=True)
class Choice:
    """The parts of a project that are for one target.

    Attributes:
        extras: The extras of ferryman that it works with; its tests run on two targets.
        permission: What the deploying job may do on GitHub besides reading.
        staging: A setting of the target for staging, to begin with.
        production: The same for production.
        pipeline: What the pipeline has to be told, for the README.
    """

    extras: tuple[str, ...]
    permission: str
    staging: str
    production: str
    pipeline: str


CHOICES: Mapping[str, Choice] = {
    "lambda": Choice(
        extras=("aws", "build", "cost", "dev", "lambda", "server"),
        permission="id-token: write # GitHub's word to AWS on who asks for the role",
        staging="memory = 256",
        production="memory = 512",
        pipeline="""\
Each is an environment of the repository with two variables: `AWS_REGION`, and `AWS_ROLE`, a
role that trusts GitHub's OpenID Connect provider and may do `lambda:UpdateFunctionCode`,
`lambda:UpdateFunctionConfiguration`, `lambda:PublishVersion` and
`lambda:GetFunctionConfiguration` to `@name@-staging` or `@name@-production`. The functions
must be there, with the handler `ferryman.targets.lambda_.runtime.entry.handler`.""",
    ),
    "server": Choice(
        extras=("build", "cost", "dev", "lambda", "server"),
        permission="packages: write # the registry that belongs to the repository",
        staging='log_level = "DEBUG"',
        production='log_level = "INFO"',
        pipeline="""\
The image goes to the registry of the repository, `ghcr.io`, with the commit as its tag.""",
    ),
    "k8s": Choice(
        extras=("build", "cost", "dev", "k8s", "lambda", "server"),
        permission="packages: write # the registry that belongs to the repository",
        staging="replicas = 1",
        production="replicas = 3",
        pipeline="""\
Each is an environment of the repository with a secret, `KUBECONFIG`, of a service account that
may change its namespace. The image goes to the registry of the repository, `ghcr.io`, with the
commit as its tag.""",
    ),
}
"""The choices, by target."""
