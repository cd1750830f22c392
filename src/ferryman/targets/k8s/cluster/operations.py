"""The operations on a cluster: plan, apply, rollback, delete.

This module decides the order of the steps. The modules beside it implement them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace

from ferryman.core.errors import FerrymanError
from ferryman.project.project import Project
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.applying import (
    apply_changes,
    delete_leftovers,
    fewest_pods,
    refuse_conflicts,
)
from ferryman.targets.k8s.cluster.changes import (
    Action,
    Change,
    find_leftovers,
    live_objects,
    ownership,
)
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.cluster.kinds import KINDS, Kind, kind_of
from ferryman.targets.k8s.cluster.lease import holding
from ferryman.targets.k8s.cluster.observation import image_digest
from ferryman.targets.k8s.cluster.planned import DeployOptions, Planned, plan_changes
from ferryman.targets.k8s.cluster.references import with_digests
from ferryman.targets.k8s.cluster.release_book import (
    Book,
    deployer,
    last_good,
    new_release,
    open_book,
)
from ferryman.targets.k8s.cluster.release_record import Release, Verdict, choose_release
from ferryman.targets.k8s.cluster.rollout import (
    Clock,
    RolloutError,
    Running,
    State,
    SupersededError,
    Watch,
    judge,
    watch_rollout,
)
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.planning import plan_objects
from ferryman.targets.k8s.rendering import MIGRATION, Document
from ferryman.targets.k8s.values import instance_of

__all__ = ("Operations", "workload_kind")

Tell = Callable[[str], None]
Ask = Callable[[str], bool]
Beat = Callable[[], None]


def workload_kind(project: Project) -> Kind:
    """Return the kind of the object that runs the web process."""
    knative = project.section("k8s", KubernetesOptions).flavour == "knative"
    return KINDS["Knative" if knative else "Deployment"]


class Operations:
    """The operations on a project in a cluster.

    Args:
        project: The project.
        cluster: The cluster, with a namespace.
        tell: Called with each step.
        clock: Returns the time in seconds.
    """

    def __init__(
        self, project: Project, cluster: Cluster, tell: Tell, *, clock: Clock = time.monotonic
    ) -> None:
        self._project = project
        self._name = instance_of(project)
        self._kind = workload_kind(project)
        self._cluster = cluster
        self._tell = tell
        self._clock = clock

    def plan(self, *, adopt: bool = False) -> Planned:
        """Return the plan of a deploy.

        Args:
            adopt: Whether to take over objects that ferryman did not create.

        Raises:
            ConfigError: A setting or a patch is wrong.
            BuildError: A manifest does not fit its schema, or breaks a rule.
            FerrymanError: The cluster refused, or an object is not the project's.
        """
        objects = dict(plan_objects(self._project, self._tell).objects)
        migration = objects.pop(MIGRATION, None)
        self._compare_versions()
        book = open_book(self._cluster, self._name)
        if not adopt:
            self._refuse_other_environment(book)
        documents = list(objects.values())
        if self._project.section("k8s", KubernetesOptions).reload:
            before = book.newest.objects if book.newest else ()
            documents = with_digests(self._cluster, documents, before, self._tell)
        return plan_changes(
            self._cluster, documents, book, self._tell, migration=migration, adopt=adopt
        )

    def apply(self, planned: Planned, options: DeployOptions, ask: Ask) -> Release | None:
        """Apply a plan, wait until the release is good, then delete leftover objects.

        If there is nothing to apply, it creates no release, and watches the last.

        Args:
            planned: The plan.
            options: How to apply it.
            ask: Called with a question before anything is deleted.

        Returns:
            The release, or None if the cluster stores none.

        Raises:
            ConflictError: Other managers own fields that would change.
            RolloutError: The release failed.
            FerrymanError: The cluster refused, or another deploy is running.
        """
        if not options.force:
            refuse_conflicts(planned.objects)
        if planned.settled and not planned.leftovers:
            return self._watched(planned, options)
        with self._lease() as beat:
            release = planned.book.newest
            if not planned.settled:
                release = self._release(planned, options, beat)
            self._prune(planned.leftovers, ask)
        return release

    def _lease(self) -> AbstractContextManager[Beat]:
        labels = ownership(self._name)
        return holding(self._cluster, self._name, labels, deployer(), self._tell)

    def _watched(self, planned: Planned, options: DeployOptions) -> Release | None:
        """Watch the last release, which is already applied."""
        newest = planned.book.newest
        if newest and newest.environment != self._project.overlay:  # --adopt allowed it
            newest = replace(newest, environment=self._project.overlay)
            planned = replace(planned, book=planned.book.judge(newest))
        if not options.wait:
            return newest
        web = watch_rollout(self._cluster, self._watch(planned, options), self._tell)
        if newest is None or newest.verdict is Verdict.GOOD:
            return newest
        return planned.book.judge(self._good(newest, web)).newest

    def _good(self, release: Release, web: Running) -> Release:
        digest = image_digest(web.pods, self._project.fields.name)
        return release.judged(Verdict.GOOD, digest)

    def _release(
        self, planned: Planned, options: DeployOptions, beat: Beat, restores: int | None = None
    ) -> Release:
        """Store a new release, apply its objects, and store the verdict on its rollout."""
        book = self._settle_last(planned.book, planned)
        release = new_release(
            planned.documents,
            book,
            restores,
            environment=self._project.overlay,
            more=planned.migration,
        )
        before = book
        book = book.add(release)
        try:
            made = apply_changes(
                self._cluster,
                planned.objects,
                self._tell,
                force=options.force,
                first=lambda: self._migrate(planned, options, beat),
            )
            if not options.wait:
                return release
            web = self._watch_all(planned, options, beat, made)
        except SupersededError:
            raise
        except RolloutError as error:
            book = book.judge(release.judged(Verdict.FAILED))
            if options.rollback_on_failure and restores is None:
                self._go_back(planned, before, book, options, beat, error)
            raise
        except FerrymanError:
            book.judge(release.judged(Verdict.FAILED))
            raise
        release = self._good(release, web)
        book.judge(release)
        return release

    def _migrate(self, planned: Planned, options: DeployOptions, beat: Beat) -> None:
        """Run the migration, which must succeed before any pod is changed.

        Raises:
            RolloutError: It failed, or takes too long.
        """
        if planned.migration is None:
            return
        apply_changes(self._cluster, [planned.migration], self._tell, force=options.force)
        watch = Watch(
            kind=planned.migration.kind,
            name=planned.migration.name,
            seconds=options.timeout,
            patience=options.patience,
            beat=beat,
            clock=self._clock,
            what=f"the migration {planned.migration.name}",
        )
        watch_rollout(self._cluster, watch, self._tell)

    def _watch_all(
        self, planned: Planned, options: DeployOptions, beat: Beat, made: Sequence[Document]
    ) -> Running:
        """Watch the rollout of the web process, then those of other applied Deployments."""
        applied = {(kind_of(d), d["metadata"]["name"]): d for d in made}
        main = applied.pop((self._kind, self._name), None)
        watch = self._watch(planned, options, applied=main, beat=beat)
        web = watch_rollout(self._cluster, watch, self._tell)
        for (kind, name), document in applied.items():
            if kind == KINDS["Deployment"]:
                other = replace(watch, kind=kind, name=name, fewest=0, applied=document)
                watch_rollout(self._cluster, other, self._tell)
        return web

    def _settle_last(self, book: Book, planned: Planned) -> Book:
        """Judge the last release, if it was deployed with `--no-wait`, before the next begins."""
        last = book.newest
        main = (self._kind, self._name)
        workload = next((c.live for c in planned.objects if (c.kind, c.name) == main), None)
        if last is None or last.verdict is not Verdict.UNKNOWN or workload is None:
            return book
        good = judge(workload, [], fewest_pods(last.objects, self._name)).state is State.GOOD
        return book.judge(last.judged(Verdict.GOOD)) if good else book

    def _go_back(
        self,
        planned: Planned,
        before: Book,
        book: Book,
        options: DeployOptions,
        beat: Beat,
        error: RolloutError,
    ) -> None:
        """Go back to the last good release, and raise the error.

        Raises:
            RolloutError: Always.
        """
        good = last_good(before.releases)
        if good is None:
            error.hint = f"{error.hint or ''} (there is no good release to go back to)".strip()
            raise error
        self._tell(str(error))
        self._tell(f"going back to release {good.number}, version {good.version}")
        back = plan_changes(self._cluster, good.objects, book, self._tell)
        self._release(back, replace(options, force=True), beat, restores=good.number)
        created = {(c.kind, c.name) for c in planned.objects if c.action is Action.CREATE}
        new = [c for c in back.leftovers if (c.kind, c.name) in created]
        delete_leftovers(self._cluster, new, self._tell)
        raise RolloutError(
            f"{error.message}; release {good.number} is back", cause=error.cause, hint=error.hint
        ) from None

    def rollback(self, wanted: int | None, options: DeployOptions, ask: Ask) -> Release:
        """Restore all objects of an older release, and wait until they are good.

        Args:
            wanted: The number of the release; None is the last good release before the current.
            options: How to apply it.
            ask: Called with a question before objects are deleted that the older release lacks.

        Returns:
            The new release, which restores the older release; in a dry run the older release.

        Raises:
            RolloutError: The rollout failed.
            FerrymanError: There is no good release to go back to, or the cluster refused.
        """
        book = open_book(self._cluster, self._name)
        self._refuse_other_environment(book)
        chosen = choose_release(book.releases, wanted)
        planned = plan_changes(self._cluster, chosen.objects, book, self._tell)
        if options.dry_run:
            return chosen
        if not options.force:
            refuse_conflicts(planned.objects)
        with self._lease() as beat:
            self._tell(f"going back to release {chosen.number}, version {chosen.version}")
            release = self._release(planned, options, beat, restores=chosen.number)
            self._prune(planned.leftovers, ask)
        return release

    def delete(self, *, dry_run: bool, ask: Ask) -> list[Change] | None:
        """Delete all objects that ferryman created for the project.

        Returns:
            The deletions, or None if the user declined.

        Raises:
            FerrymanError: The cluster refused.
        """
        book = open_book(self._cluster, self._name)
        self._refuse_other_environment(book)
        planned = plan_objects(self._project, self._tell).objects.values()
        kinds = dict.fromkeys((*book.kinds, *map(kind_of, planned)))
        kinds.pop(KINDS["ConfigMap"], None)
        needed = [kind for kind in kinds if kind.brought_by is None]
        live = live_objects(self._cluster, self._name, kinds, needed, self._tell)
        deletions = find_leftovers({**book.config_maps, **live}, ())
        if dry_run:
            return deletions
        if (deletions or book.records) and not ask(self._question(deletions)):
            return None
        delete_leftovers(self._cluster, deletions, self._tell)
        for record in book.records:
            self._cluster.delete(KINDS["ConfigMap"], record["metadata"]["name"])
        return deletions

    def _watch(
        self,
        planned: Planned,
        options: DeployOptions,
        *,
        applied: Document | None = None,
        beat: Beat = lambda: None,
    ) -> Watch:
        return Watch(
            kind=self._kind,
            name=self._name,
            seconds=options.timeout,
            patience=options.patience,
            fewest=fewest_pods(planned.documents, self._name),
            applied=applied,
            beat=beat,
            clock=self._clock,
        )

    def _refuse_other_environment(self, book: Book) -> None:
        """Check that a release does not replace a release of another environment.

        Raises:
            FerrymanError: The last release is of another environment.
        """
        theirs = book.newest.environment if book.newest else self._project.overlay
        if theirs == self._project.overlay:
            return
        where = f"{self._name} in the namespace {self._cluster.namespace}"
        own = self._project.overlay
        raise FerrymanError(
            f"{where} was deployed {f'with --env {theirs}' if theirs else 'without --env'}",
            cause=f"this is {f'the environment {own}' if own else 'the project without --env'}",
            hint="give one of them another `instance` or namespace in [tool.ferryman.k8s] of its "
            "environment; `ferryman deploy --adopt` takes it over for this environment",
        )

    def _compare_versions(self) -> None:
        """Tell the user if the manifests are for a newer Kubernetes than the cluster's."""
        wanted = self._project.section("k8s", KubernetesOptions).kube_version
        try:
            actual = self._cluster.version()
        except Refusal:
            return  # some users may not read the version, and a deploy does not need it
        if _minor(actual) < _minor(wanted):
            self._tell(
                f"note: the manifests are for Kubernetes {wanted}, and the cluster has {actual}; "
                f'set kube_version = "{actual}" in [tool.ferryman.k8s]'
            )

    def _prune(self, leftovers: Sequence[Change], ask: Ask) -> None:
        if leftovers and ask(self._question(leftovers)):
            delete_leftovers(self._cluster, leftovers, self._tell)

    def _question(self, changes: Iterable[Change]) -> str:
        listed = ", ".join(f"{change.kind.name}/{change.name}" for change in changes)
        what = listed or "the stored releases"
        return f"delete {what} from {self._cluster.namespace} at {self._cluster.host}?"


def _minor(version: str) -> int:
    minor = version.partition(".")[2]
    return int(minor) if minor.isdigit() else 0
