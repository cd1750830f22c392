"""The parts of a new project that depend on the target of its pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ("Pipeline", "pipeline_for")


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The parts of a project that are for one target.

    Attributes:
        workflow: The file of the steps that deploy, in files/workflows.
        extras: The extras of ferryman that it works with; its tests run on two targets.
        permission: What the deploying job may do on GitHub besides reading.
        review: The file of the steps that tell in a pull request what would change, or None.
        settings: Settings of the target for all environments, to begin with.
        staging: A setting of the target for staging, to begin with.
        production: The same for production.
        pipeline: What the pipeline has to be told, for the README.
    """

    workflow: str
    extras: tuple[str, ...]
    permission: str
    review: str | None
    settings: str
    staging: str
    production: str
    pipeline: str


_OIDC = "id-token: write # GitHub's word to AWS on who asks for the role"

_PIPELINES: Mapping[str, Pipeline] = {
    "lambda": Pipeline(
        workflow="lambda",
        extras=("aws", "build", "cost", "dev", "lambda", "server"),
        permission=_OIDC,
        review="lambda_review",
        settings="deploy.public = true # anybody may call the Function URL",
        staging='memory = 256\ndeploy.stack = "@name@-staging"',
        production='memory = 512\ndeploy.stack = "@name@-production"',
        pipeline="""\
Each is an environment of the repository with two variables: `AWS_REGION`, and `AWS_ROLE`, a
role that trusts GitHub's OpenID Connect provider for this repository and that environment. Its
policy, no wider than the deploy needs, is what this prints:

    .venv/bin/ferryman policy -t lambda --env production --canary 5%

A variable `CANARY`, such as `5%`, has the new version judged on that share of the requests before
it takes over. A third environment, `review`, shows in each pull request what would change on
staging; its role needs no more than

    .venv/bin/ferryman policy -t lambda --env staging --for diff

`deploy.cloudfront = true` in `[tool.ferryman.lambda]` puts CloudFront in front of the function,
and `deploy.static = ["/static/*"]` lets it keep files as long as their Cache-Control says.""",
    ),
    "server": Pipeline(
        workflow="server",
        extras=("build", "cost", "dev", "lambda", "server"),
        permission="packages: write # the registry that belongs to the repository",
        review=None,
        settings="",
        staging='log_level = "DEBUG"',
        production='log_level = "INFO"',
        pipeline="""\
The image goes to the registry of the repository, `ghcr.io`, with the commit as its tag.
`ferryman deploy -t server` runs the server on Amazon ECS instead.""",
    ),
    "k8s": Pipeline(
        workflow="k8s",
        extras=("build", "cost", "dev", "k8s", "lambda", "server"),
        permission="packages: write # the registry that belongs to the repository",
        review=None,
        settings="",
        staging="replicas = 1",
        production="replicas = 3",
        pipeline="""\
Each is an environment of the repository with a secret, `KUBECONFIG`, of a service account that
may change its namespace. The image goes to the registry of the repository, `ghcr.io`, with the
commit as its tag.""",
    ),
}

_OTHER = Pipeline(
    workflow="other",
    extras=("build", "cost", "dev", "lambda", "server"),
    permission="",
    review=None,
    settings="",
    staging="",
    production="",
    pipeline="""\
It builds `dist/@target@` and stops there: add the steps that bring the artifact to where it
runs.""",
)


def pipeline_for(target: str) -> Pipeline:
    """Return the pipeline of a target; of one that another package brings, a build alone."""
    return _PIPELINES.get(target, _OTHER)
