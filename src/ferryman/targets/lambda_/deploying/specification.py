"""Turns a project's settings into the specification and the template of its function."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ferryman.aws.secret_statements import secret_statements
from ferryman.aws.template_parts import environment_parameter
from ferryman.building.artifact import Artifact
from ferryman.core.errors import ConfigError
from ferryman.project.needed_settings import plain_values, reference_for
from ferryman.project.project import Project
from ferryman.targets.lambda_.deploying.options import DeployOptions
from ferryman.targets.lambda_.deploying.template import FunctionSpec, stack_template
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.lambda_.runtime.options import streamed_sources

__all__ = (
    "HANDLER",
    "WRAPPER",
    "deploy_options",
    "function_spec",
    "outputs",
    "parameters",
    "template_text",
)

HANDLER = "ferryman.targets.lambda_.runtime.entry.handler"
"""The handler setting of the function."""

WRAPPER = "/var/task/ferryman/bootstrap"
"""The program in the zip that starts the runtime, for `AWS_LAMBDA_EXEC_WRAPPER`."""


def function_spec(project: Project, digest: str) -> FunctionSpec:
    """Return the function of a project.

    Args:
        project: The project.
        digest: The hexadecimal SHA-256 of the zip, or of the image's manifest.
    """
    options = project.section("lambda", LambdaOptions)
    image = options.image.build
    return FunctionSpec(
        name=project.fields.name,
        version=project.fields.version,
        digest=digest,
        runtime=None if image else f"python{project.fields.python}",
        handler=None if image else HANDLER,
        architecture=options.architecture,
        memory=options.memory,
        timeout=options.timeout,
        streaming=_streams(options),
        variables={} if image else {"AWS_LAMBDA_EXEC_WRAPPER": WRAPPER},
        options=deploy_options(project),
    )


def deploy_options(project: Project) -> DeployOptions:
    """Return the options of a deployment, extended by the app's settings.

    Raises:
        ConfigError: The app needs a setting that the function would not have.
    """
    options = project.section("lambda", LambdaOptions).deploy
    settings = project.fields.settings
    environment = {**plain_values(settings), **options.environment}
    references = {
        name: found for name in settings if (found := reference_for("lambda", settings[name]))
    }
    needed = [name for name in settings if name not in {*environment, *references}]
    if needed:
        raise ConfigError(
            f"[tool.ferryman.settings] {needed[0]}: the app needs it, and the function has none",
            cause="a function reads only secrets with aws-sm: and aws-ssm:, and has the plain "
            "values of the settings and of lambda.deploy.environment",
            hint=f'write {needed[0]} = {{ secret = {{ lambda = "aws-sm:...", k8s = "k8s:..." }} }}'
            ", or give its value in lambda.deploy.environment",
        )
    read = {name: found for name, found in references.items() if name not in environment}
    return options.model_copy(
        update={
            "environment": environment,
            "statements": (*options.statements, *secret_statements(read.values())),
        }
    )


def _streams(options: LambdaOptions) -> bool:
    """Return whether the door passes on streams; without a door, whether a Function URL would."""
    sources = streamed_sources(options.streaming)
    match options.deploy.door:
        case "function-url" | "none":
            return "function-url" in sources
        case _:
            return bool(sources)


def template_text(project: Project, digest: str) -> str:
    """Return the template's text, as it lies beside the zip.

    Raises:
        ConfigError: Settings contradict each other.
    """
    return json.dumps(stack_template(function_spec(project, digest)), indent=2) + "\n"


def parameters(project: Project) -> Mapping[str, str]:
    """Return the template's parameters for the environment, with their values."""
    environment = deploy_options(project).environment
    return {environment_parameter(name): value for name, value in environment.items()}


def outputs(project: Project, artifact: Artifact) -> Mapping[str, object]:
    """Return the function's values that other tools' definitions need, as JSON data.

    The values of the environment are not among it: only their names.
    """
    spec = function_spec(project, artifact.digest.removeprefix("sha256:"))
    resources = stack_template(spec)["Resources"]
    policy = resources["Role"]["Properties"]["Policies"][0]["PolicyDocument"]
    return {
        "name": spec.name,
        "version": spec.version,
        "path": artifact.path,
        "digest": artifact.digest,
        "source_code_hash": resources[_version_name(resources)]["Properties"]["CodeSha256"],
        "handler": spec.handler,
        "runtime": spec.runtime,
        "architecture": spec.architecture,
        "memory": spec.memory,
        "timeout": spec.timeout,
        "invoke_mode": "RESPONSE_STREAM" if spec.streaming else "BUFFERED",
        "environment": dict(spec.variables),
        "environment_names": sorted(spec.options.environment),
        "policy_statements": policy["Statement"][1:],
    }


def _version_name(resources: Mapping[str, Mapping[str, object]]) -> str:
    return next(n for n, made in resources.items() if made["Type"] == "AWS::Lambda::Version")
