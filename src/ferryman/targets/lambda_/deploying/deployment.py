"""The deployment of a function, as the command line sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ferryman.aws.change_set import ChangeSet, Desired, live_template
from ferryman.aws.stack import Stack
from ferryman.aws.stack_state import PROJECT_TAG
from ferryman.aws.stack_update import goes_on
from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.project.project import Project
from ferryman.targets.aws_place import ProjectStack, stack_troubles
from ferryman.targets.deployment import (
    Change,
    Choices,
    Dialogue,
    LogLine,
    Release,
    Status,
)
from ferryman.targets.lambda_.deploying.canary import Canary, parse_share, run_canary
from ferryman.targets.lambda_.deploying.code import Code, prepare_code
from ferryman.targets.lambda_.deploying.function import (
    LIVE,
    Alias,
    move,
    publish,
    read_alias,
    refuse_taken,
    versions,
)
from ferryman.targets.lambda_.deploying.releases import (
    alias_changes,
    as_release,
    log_source,
    shift_under_way,
    version_to_serve,
)
from ferryman.targets.lambda_.deploying.specification import function_spec, parameters
from ferryman.targets.lambda_.deploying.template import stack_template, version_id
from ferryman.targets.lambda_.options import LambdaOptions

__all__ = ("FunctionDeployment", "open_function")


@dataclass(frozen=True, slots=True)
class _Plan:
    """The plan of a deploy.

    Attributes:
        changes: The changes to show to the user.
        question: The question to the user.
        code: The code to send.
        desired: The desired state of the stack; None for a direct deploy.
        change_set: CloudFormation's change set; None if nothing would change.
        stack: The present stack, or None.
        alias: The present alias, or None.
        revision: The function's revision, for a direct deploy.
        resumes: Whether an interrupted run is already making this change.
    """

    changes: tuple[Change, ...]
    question: str | None
    code: Code
    desired: Desired | None = None
    change_set: ChangeSet | None = None
    stack: Stack | None = None
    alias: Alias | None = None
    revision: str = ""
    resumes: bool = False


def open_function(project: Project, choices: Choices, dialogue: Dialogue) -> FunctionDeployment:
    """Return the deployment of a project's function.

    Raises:
        ConfigError: An option is wrong, boto3 is not installed, or no region is chosen.
    """
    options = project.section("lambda", LambdaOptions).deploy
    name = choices.text("stack") or options.stack or project.fields.name
    return FunctionDeployment(ProjectStack(project, name, options.region, choices, dialogue))


class FunctionDeployment:
    """A project's function in an account and a region.

    Args:
        stack: The stack, which has the function's name.
    """

    def __init__(self, stack: ProjectStack) -> None:
        self._stack = stack
        self._project, self._name, self._aws = stack.project, stack.name, stack.aws
        self._choices, self._dialogue = stack.choices, stack.dialogue
        self._options = stack.project.section("lambda", LambdaOptions)
        canary = stack.choices.text("canary")
        self._share = parse_share(canary) if canary else None

    def plan(self) -> _Plan:
        """Build the code, and let CloudFormation compute the changes.

        Raises:
            FerrymanError: The code cannot be built, or the stack cannot be changed.
        """
        if self._choices.switch("direct"):
            return self._plan_direct()
        # Report invalid credentials before a build, which takes a while.
        stack = self._stack.to_deploy()
        code = prepare_code(self._project, self._choices, self._dialogue)
        return self._plan_stack(stack, code)

    def discard(self, plan: _Plan) -> None:
        """Delete the change set, and the empty stack that was created for it."""
        self._stack.discard(plan.change_set)

    def apply(self, plan: _Plan) -> Release:
        """Send the code, change the stack, and move the alias.

        Raises:
            StackFailed: A resource failed; a new stack is deleted, an old one is unchanged.
            LostRace: Another deploy was faster.
            CanaryFailed: The new version is worse; the old one gets all requests.
        """
        desired = plan.desired
        if desired is None:
            return self._apply_direct(plan)
        send = partial(plan.code.send, self._aws, desired.parameters, self._dialogue)
        stack = self._stack.change(plan.stack, plan.change_set, send, resumes=plan.resumes)
        if stack is None:
            raise FerrymanError(
                f"the stack {self._name} is still changing, and `{LIVE}` has not been moved",
                hint="run the same command again when the change has ended",
            )
        version = stack.outputs["Version"]
        alias = plan.alias or read_alias(self._aws, self._name)
        if alias.version != version:
            alias = self._shift(alias, version, stack.outputs.get("LogGroup"))
        return self._release(version, plan.code.digest, alias, stack.outputs.get("Url"))

    def status(self) -> Status:
        """Return the stack's state, the alias's version, and all versions.

        Raises:
            FerrymanError: The function is not deployed, or AWS refused.
        """
        stack = self._stack.deployed("lambda")
        alias = read_alias(self._aws, self._name)
        address = stack.outputs.get("Url")
        releases = tuple(as_release(one, alias, address) for one in versions(self._aws, self._name))
        shifting = ", ".join(f"{share:.0%} to {n}" for n, share in alias.weights.items())
        troubles = [f"a shift is under way: {shifting}"] if shifting else []
        troubles += stack_troubles(stack)
        line = f"{LIVE} is version {alias.version} in {self._aws.region}"
        return Status(not troubles and not stack.busy, line, tuple(troubles), releases)

    def logs(self, lines: int, *, follow: bool) -> Iterable[LogLine]:
        """Return the last lines of the function's log, or follow it.

        Raises:
            FerrymanError: There is no such function, or AWS refused.
        """
        told = self._aws.call("lambda", "get_function_configuration", FunctionName=self._name)
        group = told.get("LoggingConfig", {}).get("LogGroup") or f"/aws/lambda/{self._name}"
        return self._stack.log(group, lines, log_source, follow=follow)

    def rollback(self, wanted: str | None) -> Release:
        """Point the alias to an older version; during a shift, end the shift.

        Raises:
            ConfigError: There is no such version.
            LostRace: Another client moved the alias.
        """
        alias = read_alias(self._aws, self._name)
        found = versions(self._aws, self._name)
        chosen = version_to_serve(found, alias, wanted)
        if not self._choices.dry_run:
            alias = move(self._aws, self._name, alias, chosen.number)
        return as_release(chosen, alias, None)

    def delete(self) -> tuple[Change, ...] | None:
        """Delete the stack after asking; the bucket stays, and so do the logs unless chosen.

        Returns:
            The deleted resources, or those that would be; None if the user refused.

        Raises:
            StackFailed: A resource could not be deleted.
        """
        return self._stack.delete()

    def _plan_stack(self, stack: Stack | None, code: Code) -> _Plan:
        spec = function_spec(self._project, code.digest)
        exists = stack is not None and stack.exists
        if not exists:
            refuse_taken(self._aws, self._name)
        template = live_template(self._aws, self._name) if exists else {}
        published = version_id(spec) in template.get("Resources", {})
        alias = read_alias(self._aws, self._name) if exists else None
        known = stack.parameters if stack else {}
        live = self._live_digest() if exists else ""
        desired = Desired(
            self._name,
            stack_template(spec),
            {
                **code.parameters(self._aws, known, live),
                **parameters(self._project),
                "LiveVersion": _stack_version(stack, published) if exists and stack else "",
            },
            {**self._options.deploy.tags, PROJECT_TAG: self._project.fields.name},
        )
        plan = _Plan((), self._stack.question, code, desired, None, stack, alias)
        if goes_on(stack, desired):
            return replace(plan, resumes=True, question=None)
        change_set = self._stack.prepare(desired, stack, template)
        changes = _shown(change_set)
        changes += alias_changes(alias, stack, change_set)
        if alias and alias.weights and changes:
            self._stack.discard(change_set)
            raise shift_under_way(alias)
        question = plan.question if changes else None
        return replace(plan, changes=tuple(changes), change_set=change_set, question=question)

    def _live_digest(self) -> str:
        told = self._aws.call("lambda", "get_function_configuration", FunctionName=self._name)
        return str(told.get("CodeSha256", ""))

    def _shift(self, alias: Alias, version: str, log_group: str | None) -> Alias:
        if self._share is None:
            return move(self._aws, self._name, alias, version)
        read = log_group if self._options.json_logs else None
        canary = Canary(self._name, self._share, self._stack.timeout, read)
        return run_canary(self._aws, canary, alias, version, self._dialogue.tell)

    def _plan_direct(self) -> _Plan:
        told = self._aws.call("lambda", "get_function_configuration", FunctionName=self._name)
        alias = read_alias(self._aws, self._name)
        if alias.weights:
            raise shift_under_way(alias)
        self._check_fit(told)
        code = prepare_code(self._project, self._choices, self._dialogue)
        change = Change("change", "code", self._name, (f"+sha256:{code.digest}",))
        return _Plan((change,), None, code, alias=alias, revision=told["RevisionId"])

    def _check_fit(self, told: dict[str, Any]) -> None:
        """Refuse code for another architecture or Python than the function's."""
        spec = function_spec(self._project, "0" * 64)
        there = told.get("Architectures", [spec.architecture])[0]
        for what, wanted, found in (
            ("architecture", spec.architecture, there),
            ("runtime", spec.runtime or "none", told.get("Runtime") or "none"),
        ):
            if wanted != found:
                raise ConfigError(
                    f"the function {self._name} has the {what} {found}, and the code is for "
                    f"{wanted}",
                    hint="deploy without --direct, which changes the function, too",
                )

    def _apply_direct(self, plan: _Plan) -> Release:
        assert plan.alias
        description = function_spec(self._project, plan.code.digest).description
        code = plan.code.direct(self._aws, self._dialogue)
        version = publish(self._aws, self._name, code, description, plan.revision)
        alias = self._shift(plan.alias, version, None)
        return self._release(version, plan.code.digest, alias, None)

    def _release(self, version: str, digest: str, alias: Alias, url: str | None) -> Release:
        project_version = self._project.fields.version
        return Release(version, project_version, digest[:12], alias.share(version), url)


def _stack_version(stack: Stack, published: bool) -> str | None:
    """Return the parameter that keeps the alias as in the stack, so that no update moves it.

    None keeps the parameter. Where it is empty, the alias follows the newest version, which
    must not become another.
    """
    kept = published or stack.parameters.get("LiveVersion")
    return None if kept else stack.outputs["Version"]


def _shown(change_set: ChangeSet | None) -> list[Change]:
    """Return the changes to show: a version that leaves the stack is kept, not deleted."""
    return [
        Change(change.action, change.kind, change.name, change.diff)
        for change in (change_set.changes if change_set else ())
        if (change.action, change.kind) != ("delete", "AWS::Lambda::Version")
    ]
