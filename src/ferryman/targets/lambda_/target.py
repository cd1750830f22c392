"""The Lambda target, as the command line and `migrate` see it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from ferryman.building.artifact import Artifact
from ferryman.building.contents_report import Report
from ferryman.building.import_profile import ImportProfile
from ferryman.core.capabilities import Capabilities
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.aws_place import AWS_OPTIONS
from ferryman.targets.deployment import Choices, Deployment, Dialogue, VerbOption
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES
from ferryman.targets.protocols import RunsLike

__all__ = ("LambdaTarget",)


_VERB_OPTIONS = (
    *AWS_OPTIONS,
    VerbOption(
        ("--direct",),
        "Replace only the code, without CloudFormation: six calls, five permissions.",
        verbs=("deploy", "policy"),
        switch=True,
    ),
    VerbOption(
        ("--canary",),
        "Send this share of the requests to the new version, judge it, then send all or none.",
        verbs=("deploy", "policy"),
        metavar="PERCENT",
    ),
    VerbOption(
        ("--zip",), "Deploy this zip instead of a new build.", ("deploy", "diff"), metavar="FILE"
    ),
    VerbOption(
        ("--bucket",), "The S3 bucket for the zip.", ("deploy", "diff", "policy"), metavar="NAME"
    ),
)


class LambdaTarget:
    """AWS Lambda, behind a Function URL or an HTTP API."""

    name: ClassVar[str] = "lambda"
    summary: ClassVar[str] = "AWS Lambda, behind a Function URL or an HTTP API"
    options: ClassVar[type[BaseModel]] = LambdaOptions
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    runs_like: ClassVar[RunsLike | None] = "lambda"
    verb_options: ClassVar[tuple[VerbOption, ...]] = _VERB_OPTIONS

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write the zip for a managed runtime into `out`, or an image."""
        if project.section("lambda", LambdaOptions).image.build:
            from ferryman.targets.lambda_.image import build_image

            return build_image(project, out, progress)
        from ferryman.targets.lambda_.bundle import build_bundle

        return build_bundle(project, out, progress)

    def explain(self, project: Project, out: Path, progress: Progress) -> tuple[Artifact, Report]:
        """Write the zip into `out`, and report what takes up space in it."""
        from ferryman.targets.lambda_.bundle import build_explained

        return build_explained(project, out, progress)

    def profile(self, project: Project, artifact: Artifact) -> ImportProfile:
        """Return the costs of the app's imports, timed from a built zip."""
        from ferryman.targets.lambda_.bundle import profile_bundle

        return profile_bundle(project, artifact)

    def outputs(self, project: Project, artifact: Artifact) -> Mapping[str, object]:
        """Return the values of a zip or an image that Terraform and CDK need."""
        from ferryman.targets.lambda_.deploying.specification import outputs

        return outputs(project, artifact)

    def deployment(self, project: Project, choices: Choices, dialogue: Dialogue) -> Deployment[Any]:
        """Return the deployment of a project's function to AWS.

        Raises:
            ConfigError: An option is wrong, boto3 is not installed, or no region is chosen.
        """
        from ferryman.targets.lambda_.deploying.deployment import open_function

        return open_function(project, choices, dialogue)

    def policy(
        self, project: Project, choices: Choices, verbs: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """Return the IAM policy for some verbs on a project's function.

        Raises:
            ConfigError: Settings contradict each other.
        """
        from ferryman.targets.lambda_.deploying.permissions import function_policy

        return function_policy(project, choices, verbs)
