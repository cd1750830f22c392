"""Lambda's image: its contents besides the app, and its start.

The image starts ferryman's own module, as the bootstrap of a zip does. Lambda accepts an image for
one processor, and no index of several: "Create a Lambda function using a container image", in the
AWS Lambda developer guide.
"""

from __future__ import annotations

from pathlib import Path

from ferryman.building.artifact import Artifact
from ferryman.building.image import dockerfile_context as context
from ferryman.building.image.interpreter import Python
from ferryman.building.image.plan import ImagePlan
from ferryman.building.image.writing import choose_interpreters, write_image
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.lambda_.bundle import HANDLER, RUNTIME_CLIENT
from ferryman.targets.lambda_.options import LambdaOptions, deployed

__all__ = ("MODULE", "build_image", "plan_image")

MODULE = "ferryman.targets.lambda_.runtime.start"
"""The module that starts the runtime."""

_GO_NAMES = {"arm64": "arm64", "x86_64": "amd64"}
_MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}


def build_image(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write the function's image into `out`, or a Dockerfile with its context.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or there is no interpreter or no wheel that fits.
        BuildError: Something could not be fetched, compiled, written or pushed.
    """
    plan = plan_image(project)
    options = project.section("lambda", LambdaOptions)
    if plan.options.tool != "none":
        base = options.base_image or context.default_base(project)
        architecture = _GO_NAMES[options.architecture]
        return context.build_context(project, "lambda", plan, base, out, progress, architecture)
    interpreters = choose_interpreters(project, plan.options)
    _check_architecture(interpreters, options.architecture)
    return write_image(project, "lambda", plan, interpreters, out, progress)


def plan_image(project: Project) -> ImagePlan:
    """Return the plan of the function's image."""
    options = project.section("lambda", LambdaOptions)
    return ImagePlan(
        package="lambda_",
        requirements=(RUNTIME_CLIENT,),
        module=MODULE,
        settings=project.baked("lambda", deployed(options)),
        options=options.image,
        # Lambda and its emulator also pass it to the runtime in a variable.
        arguments=(HANDLER,),
        keep=options.keep,
        drop=options.drop,
        slim=options.slim,
    )


def _check_architecture(interpreters: tuple[Python, ...], architecture: str) -> None:
    if len(interpreters) > 1:
        raise ConfigError(
            "Lambda accepts an image for one processor, and there are interpreters for "
            + " and ".join(sorted(python.machine for python in interpreters)),
            hint="name one with --interpreter",
        )
    (python,) = interpreters
    if python.machine != _MACHINES[architecture]:
        there = {machine: name for name, machine in _MACHINES.items()}[python.machine]
        raise ConfigError(
            f"the function runs on {architecture}, and the interpreter is for {there}",
            cause=f"it is {python.program}",
            hint=f"pass --set lambda.architecture={there}; or name an interpreter for "
            f"{architecture} with --interpreter; or build with --with docker",
        )
