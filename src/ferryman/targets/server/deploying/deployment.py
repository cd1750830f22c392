"""The deployment of a service, as the command line sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from ferryman.aws.change_set import ChangeSet, Desired, live_template, prepare
from ferryman.aws.refusals import AwsError
from ferryman.aws.session import Aws
from ferryman.aws.stack import Stack, StackFailed
from ferryman.aws.stack_state import PROJECT_TAG
from ferryman.aws.stack_update import goes_on
from ferryman.core.errors import BuildError, reason_of
from ferryman.project.project import Project
from ferryman.records.atomic_file import write_whole
from ferryman.targets.aws_place import ProjectStack, stack_troubles
from ferryman.targets.deployment import Change, Choices, Dialogue, LogLine, Release, Status
from ferryman.targets.server.deploying.revisions import (
    Revision,
    deregister,
    read_service,
    refuse_taken,
    revision_to_run,
    revisions,
    stop_reasons,
)
from ferryman.targets.server.deploying.service_image import ServiceImage, prepare_image
from ferryman.targets.server.deploying.service_spec import (
    advice,
    environment_values,
    service_spec,
    stack_name,
)
from ferryman.targets.server.deploying.service_template import service_template
from ferryman.targets.server.deploying.task_network import network_parameters
from ferryman.targets.server.options import ServerOptions

__all__ = ("ServiceDeployment", "open_service")

_SERVICE = "AWS::ECS::Service"
_TASKS = "AWS::ECS::TaskDefinition"
_REVIEWED = "stack.json"


@dataclass(frozen=True, slots=True)
class _Plan:
    """The plan of a deploy.

    Attributes:
        changes: The changes to show to the user.
        question: The question to the user.
        desired: The desired state of the stack; None for only its template.
        image: The image to send.
        change_set: CloudFormation's change set; None if nothing would change.
        stack: The present stack, or None.
        resumes: Whether an interrupted run is already making this change.
        template: The template, if only it is wanted.
    """

    changes: tuple[Change, ...]
    question: str | None = None
    desired: Desired | None = None
    image: ServiceImage | None = None
    change_set: ChangeSet | None = None
    stack: Stack | None = None
    resumes: bool = False
    template: Mapping[str, Any] | None = None


def _nothing() -> None:
    """Send nothing: the registry has the image."""


def open_service(project: Project, choices: Choices, dialogue: Dialogue) -> ServiceDeployment:
    """Return the deployment of a project's service. It does not call AWS yet."""
    region = project.section("server", ServerOptions).deploy.region
    name = stack_name(project, choices.text("stack"))
    return ServiceDeployment(ProjectStack(project, name, region, choices, dialogue))


class ServiceDeployment:
    """A project's service in an account and a region.

    Args:
        stack: The stack, whose name the cluster and the service have.
    """

    def __init__(self, stack: ProjectStack) -> None:
        self._stack = stack
        self._project, self._name = stack.project, stack.name
        self._choices, self._dialogue = stack.choices, stack.dialogue
        self._options = stack.project.section("server", ServerOptions).deploy

    @property
    def _aws(self) -> Aws:
        return self._stack.aws

    def plan(self) -> _Plan:
        """Build the image, and let CloudFormation compute the changes.

        Raises:
            FerrymanError: The image cannot be built, or the stack cannot be changed.
        """
        if self._choices.switch("stack_only"):
            return self._plan_template()
        # Report invalid credentials before a build, which takes a while.
        stack = self._stack.to_deploy()
        image = prepare_image(self._project, self._choices, self._dialogue)
        spec = service_spec(self._project, image.architecture)
        for note in (*spec.size.notes, *advice(self._project)):
            self._dialogue.tell(note)
        known = stack.parameters if stack and stack.exists else {}
        desired = Desired(
            self._name,
            service_template(spec),
            {
                "ImageUri": image.reference(self._aws),
                **network_parameters(self._aws, self._options, known),
                **environment_values(self._project),
                "LiveTask": "",
            },
            {**self._options.tags, PROJECT_TAG: self._project.fields.name},
        )
        return self._plan_stack(_Plan((), None, desired, image, stack=stack), desired)

    def discard(self, plan: _Plan) -> None:
        """Delete the change set, and the empty stack that was created for it."""
        self._stack.discard(plan.change_set)

    def apply(self, plan: _Plan) -> Release | None:
        """Push the image, change the stack, and wait until the new tasks have taken over.

        Raises:
            StackFailed: A resource failed; a new stack is deleted, an old one is unchanged.
        """
        if plan.template is not None:
            self._write(plan.template)
            return None
        send = partial(plan.image.send, self._aws, self._dialogue) if plan.image else _nothing
        stack = self._changed(plan.stack, plan.change_set, send, resumes=plan.resumes)
        if stack is None:
            self._dialogue.tell(
                f"the stack {self._name} changes; `ferryman status -t server` tells how it goes"
            )
            return None
        return self._release(stack)

    def status(self) -> Status:
        """Return the service's state, and its revisions.

        Raises:
            FerrymanError: The service is not deployed, or AWS refused.
        """
        stack = self._stack.deployed("server")
        running = read_service(self._aws, self._name)
        address = stack.outputs.get("Url")
        found = revisions(self._aws, self._name)
        releases = tuple(one.release(running.share(one.arn), address) for one in found)
        troubles = []
        if running.state == "FAILED":
            troubles.append(f"the rollout failed: {running.reason}")
        if running.tasks < running.wanted:
            troubles.append(f"{running.tasks} of {running.wanted} tasks run")
            troubles += stop_reasons(self._aws, self._name)
        troubles += stack_troubles(stack)
        number = running.revision.rpartition(":")[2]
        line = f"{running.tasks} tasks, revision {number}, in {self._aws.region}"
        good = not troubles and not stack.busy and running.state == "COMPLETED"
        return Status(good, line, tuple(troubles), releases)

    def logs(self, lines: int, *, follow: bool) -> Iterable[LogLine]:
        """Return the last lines of the tasks' log, or follow it.

        Raises:
            FerrymanError: The service is not deployed, or AWS refused.
        """
        group = self._stack.deployed("server").outputs["LogGroup"]
        return self._stack.log(group, lines, _task_of, follow=follow)

    def rollback(self, wanted: str | None) -> Release:
        """Run an older revision by an update of the stack, and wait until it has taken over.

        Raises:
            ConfigError: There is no such revision.
            StackFailed: The revision failed; the previous one goes on running.
        """
        stack = self._stack.deployed("server")
        running = read_service(self._aws, self._name)
        chosen = revision_to_run(revisions(self._aws, self._name), running.revision, wanted)
        if self._choices.dry_run:
            return chosen.release(running.share(chosen.arn), None)
        kept: dict[str, str | None] = dict.fromkeys(stack.parameters)
        template = live_template(self._aws, self._name)
        desired = Desired(self._name, template, {**kept, "LiveTask": chosen.arn}, stack.tags)
        made = prepare(self._aws, desired, stack, template)
        stack = self._changed(stack, made) or stack
        return self._described(chosen, stack)

    def delete(self) -> tuple[Change, ...] | None:
        """Delete the stack after asking; images stay, and so do the logs unless chosen.

        Returns:
            The deleted resources, or those that would be; None if the user refused.

        Raises:
            StackFailed: A resource could not be deleted.
        """
        found = self._stack.delete()
        if found and not self._choices.dry_run:
            deregister(self._aws, self._name)
        return found

    def _plan_template(self) -> _Plan:
        spec = service_spec(self._project, self._options.architecture or "arm64")
        change = Change("create", "template", str(self._reviewed))
        return _Plan((change,), template=service_template(spec))

    @property
    def _reviewed(self) -> Path:
        return self._project.root / "dist" / _REVIEWED

    def _write(self, template: Mapping[str, Any]) -> None:
        path = self._reviewed
        try:
            path.parent.mkdir(exist_ok=True)
            write_whole(path, json.dumps(template, indent=2) + "\n")
        except OSError as error:
            raise BuildError(f"{path} cannot be written", cause=reason_of(error)) from None
        self._dialogue.tell(f"wrote {path}; nothing was built, and nothing asked of AWS")

    def _plan_stack(self, plan: _Plan, desired: Desired) -> _Plan:
        stack = plan.stack
        if goes_on(stack, desired):
            return replace(plan, resumes=True)
        exists = stack is not None and stack.exists
        if not exists:
            refuse_taken(self._aws, self._name)
        template = live_template(self._aws, self._name) if exists else {}
        change_set = self._stack.prepare(desired, stack, template)
        if change_set is None:
            return plan
        question = self._stack.question
        return replace(plan, changes=_shown(change_set), change_set=change_set, question=question)

    def _changed(
        self,
        stack: Stack | None,
        made: ChangeSet | None,
        send: Callable[[], object] = _nothing,
        *,
        resumes: bool = False,
    ) -> Stack | None:
        """Change the stack; if tasks do not start, add the reasons to the error.

        Raises:
            StackFailed: A resource failed.
        """
        reasons: list[str] = []

        def tell(text: str) -> None:
            self._dialogue.tell(text)
            # The service fails with no more than that its tasks did; a new cluster is soon gone.
            if f" failed {_SERVICE}/" in text:
                reasons.extend(self._stop_reasons())

        try:
            return self._stack.change(stack, made, send, tell, resumes=resumes)
        except StackFailed as error:
            if not reasons:
                raise
            cause = f"{error.cause}; tasks stopped: {'; '.join(reasons)}"
            raise StackFailed(error.message, cause=cause, hint=error.hint) from None

    def _stop_reasons(self) -> list[str]:
        try:
            return stop_reasons(self._aws, self._name)
        except AwsError:
            return []  # to know more is no reason to fail otherwise

    def _release(self, stack: Stack) -> Release:
        running = read_service(self._aws, self._name)
        found = revisions(self._aws, self._name)
        chosen = next((one for one in found if one.arn == running.revision), found[0])
        return self._described(chosen, stack)

    def _described(self, chosen: Revision, stack: Stack) -> Release:
        share = read_service(self._aws, self._name).share(chosen.arn)
        return replace(chosen.release(share, None), address=stack.outputs.get("Url"))


def _shown(change_set: ChangeSet) -> tuple[Change, ...]:
    """Return the changes to show: a replaced task definition is kept, not deleted."""
    return tuple(
        Change(
            "change" if change.kind == _TASKS else change.action,
            change.kind,
            change.name,
            change.diff,
        )
        for change in change_set.changes
    )


def _task_of(stream: str) -> str:
    """Return the task that wrote to a log stream, whose name is `PREFIX/CONTAINER/TASK`."""
    return stream.rpartition("/")[2][:12]
