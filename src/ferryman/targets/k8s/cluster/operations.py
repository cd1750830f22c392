"""The operations on a cluster, each from a project to its outcome.

They decide the order of things; what things are is told in the modules beside this one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
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
from ferryman.targets.k8s.cluster.planned import DeployWishes, Planned, plan_changes
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
    """Return the kind of what runs a project's pods."""
    knative = project.section("k8s", KubernetesOptions).flavour == "knative"
    return KINDS["Knative" if knative else "Deployment"]


class Operations:
    """What can be done with a project on a cluster.

    Args:
        project: The project.
        cluster: The cluster, and the namespace in it.
        tell: Called with each step.
        clock: Tells the time, in seconds.
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
            adopt: Whether to take objects over that ferryman did not make.

        Raises:
            FerrymanError: The plan is wrong, or the cluster refused.
        """
        objects = dict(plan_objects(self._project, self._tell).objects)
        migration = objects.pop(MIGRATION, None)
        self._compare_versions()
        book = open_book(self._cluster, self._name)
        if not adopt:
            self._refuse_other_environment(book)
        documents = list(objects.values())
        if self._project.section("k8s", KubernetesOptions).reload:
            before = book.releases[0].objects if book.releases else ()
            documents = with_digests(self._cluster, documents, before, self._tell)
        return plan_changes(
            self._cluster, documents, book, self._tell, migration=migration, adopt=adopt
        )

    def apply(self, planned: Planned, wishes: DeployWishes, ask: Ask) -> Release | None:
        """Apply a plan, stay until the release is good, then delete what is left over.

        Where there is nothing to apply, it makes no release, and watches the last.

        Args:
            planned: The plan.
            wishes: How to.
            ask: Asked before anything is deleted.

        Returns:
            The release; None where none is written down.

        Raises:
            ConflictError: Other managers own fields that would change.
            RolloutError: The release did not become good.
            FerrymanError: The cluster refused, or another deploy is going on.
        """
        if not wishes.force:
            refuse_conflicts(planned.objects)
        if planned.settled and not planned.leftovers:
            return self._watched(planned, wishes)
        labels = ownership(self._name)
        with holding(self._cluster, self._name, labels, deployer(), self._tell) as beat:
            if planned.settled:
                newest = planned.book.releases[0] if planned.book.releases else None
            else:
                newest = self._release(planned, wishes, beat)
            self._prune(planned.leftovers, ask)
        return newest

    def _watched(self, planned: Planned, wishes: DeployWishes) -> Release | None:
        """Watch a release that is already applied."""
        newest = planned.book.releases[0] if planned.book.releases else None
        if newest and newest.environment != self._project.overlay:  # it was adopted
            newest = replace(newest, environment=self._project.overlay)
            planned = replace(planned, book=planned.book.judge(newest))
        if not wishes.wait:
            return newest
        found = watch_rollout(self._cluster, self._watch(planned, wishes), self._tell)
        if newest is None or newest.verdict is Verdict.GOOD:
            return newest
        judged = newest.judged(Verdict.GOOD, image_digest(found.pods, self._project.fields.name))
        return planned.book.judge(judged).releases[0]

    def _release(
        self, planned: Planned, wishes: DeployWishes, beat: Beat, restores: int | None = None
    ) -> Release:
        """Make a release of a plan, and judge it."""
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
                force=wishes.force,
                first=lambda: self._migrate(planned, wishes, beat),
            )
            if not wishes.wait:
                return release
            found = self._watch_all(planned, wishes, beat, made)
        except SupersededError:
            raise
        except RolloutError as error:
            book = book.judge(release.judged(Verdict.FAILED))
            if wishes.rollback_on_failure and restores is None:
                self._go_back(planned, before, book, wishes, beat, error)
            raise
        except FerrymanError:
            book.judge(release.judged(Verdict.FAILED))
            raise
        judged = release.judged(Verdict.GOOD, image_digest(found.pods, self._project.fields.name))
        book.judge(judged)
        return judged

    def _migrate(self, planned: Planned, wishes: DeployWishes, beat: Beat) -> None:
        """Run what must end well before any pod is changed.

        Raises:
            RolloutError: It failed, or is not in time.
        """
        if planned.migration is None:
            return
        apply_changes(self._cluster, [planned.migration], self._tell, force=wishes.force)
        watch = Watch(
            kind=planned.migration.kind,
            name=planned.migration.name,
            seconds=wishes.timeout,
            patience=wishes.patience,
            beat=beat,
            clock=self._clock,
            what=f"the migration {planned.migration.name}",
        )
        watch_rollout(self._cluster, watch, self._tell)

    def _watch_all(
        self, planned: Planned, wishes: DeployWishes, beat: Beat, made: Sequence[Document]
    ) -> Running:
        """Watch the web process take over, then the other Deployments that were applied."""
        known = {(kind_of(d), d["metadata"]["name"]): d for d in made}
        applied = known.pop((self._kind, self._name), None)
        watch = self._watch(planned, wishes, applied=applied, beat=beat)
        found = watch_rollout(self._cluster, watch, self._tell)
        for (kind, name), document in known.items():
            if kind == KINDS["Deployment"]:
                other = replace(watch, kind=kind, name=name, fewest=0, applied=document)
                watch_rollout(self._cluster, other, self._tell)
        return found

    def _settle_last(self, book: Book, planned: Planned) -> Book:
        """Judge a release that was deployed with `--no-wait`, before the next takes its place."""
        last = book.releases[0] if book.releases else None
        main = (self._kind, self._name)
        workload = next((c.live for c in planned.objects if (c.kind, c.name) == main), None)
        if last is None or last.verdict is not Verdict.UNKNOWN or workload is None:
            return book
        fewest = fewest_pods(last.objects, self._name)
        good = judge(workload, [], 1 if fewest is None else fewest).state is State.GOOD
        return book.judge(last.judged(Verdict.GOOD)) if good else book

    def _go_back(
        self,
        planned: Planned,
        before: Book,
        book: Book,
        wishes: DeployWishes,
        beat: Beat,
        error: RolloutError,
    ) -> None:
        """Go back to the last good release, and raise why.

        Raises:
            RolloutError: Always.
        """
        good = last_good(before.releases)
        if good is None:
            error.hint = f"{error.hint or ''} (there was no good release to go back to)".strip()
            raise error
        self._tell(str(error))
        self._tell(f"going back to release {good.number}, version {good.version}")
        back = plan_changes(self._cluster, good.objects, book, self._tell)
        self._release(back, replace(wishes, force=True), beat, restores=good.number)
        made = {(c.kind, c.name) for c in planned.objects if c.action is Action.CREATE}
        new = [c for c in back.leftovers if (c.kind, c.name) in made]
        delete_leftovers(self._cluster, new, self._tell)
        raise RolloutError(
            f"{error.message}; release {good.number} is back", cause=error.cause, hint=error.hint
        ) from None

    def rollback(self, wanted: int | None, wishes: DeployWishes, ask: Ask) -> Release:
        """Go back to an older release with all of its objects, and stay until it is good.

        Args:
            wanted: The release's number; None is the last good one before.
            wishes: How to.
            ask: Asked before anything is deleted that the older release has not.

        Returns:
            The new release, which restores the older one.

        Raises:
            RolloutError: It did not become good.
            FerrymanError: No release is left to go back to, or the cluster refused.
        """
        book = open_book(self._cluster, self._name)
        self._refuse_other_environment(book)
        chosen = choose_release(book.releases, wanted)
        planned = plan_changes(self._cluster, chosen.objects, book, self._tell)
        if wishes.dry_run:
            return chosen
        if not wishes.force:
            refuse_conflicts(planned.objects)
        labels = ownership(self._name)
        with holding(self._cluster, self._name, labels, deployer(), self._tell) as beat:
            self._tell(f"going back to release {chosen.number}, version {chosen.version}")
            release = self._release(planned, wishes, beat, restores=chosen.number)
            self._prune(planned.leftovers, ask)
        return release

    def delete(self, *, dry_run: bool, ask: Ask) -> list[Change] | None:
        """Delete all that ferryman made for the project.

        Returns:
            What went; None if the user kept it.

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
        found = find_leftovers({**book.config_maps, **live}, ())
        if dry_run:
            return found
        if (found or book.records) and not ask(self._question(found)):
            return None
        delete_leftovers(self._cluster, found, self._tell)
        for record in book.records:
            self._cluster.delete(KINDS["ConfigMap"], record["metadata"]["name"])
        return found

    def _watch(
        self,
        planned: Planned,
        wishes: DeployWishes,
        *,
        applied: Document | None = None,
        beat: Beat = lambda: None,
    ) -> Watch:
        fewest = fewest_pods(planned.documents, self._name)
        return Watch(
            kind=self._kind,
            name=self._name,
            seconds=wishes.timeout,
            patience=wishes.patience,
            fewest=1 if fewest is None else fewest,
            applied=applied,
            beat=beat,
            clock=self._clock,
        )

    def _refuse_other_environment(self, book: Book) -> None:
        """Check that a release of one environment does not take the place of another's.

        Raises:
            FerrymanError: It would.
        """
        theirs = book.releases[0].environment if book.releases else self._project.overlay
        if theirs == self._project.overlay:
            return
        where = f"{self._name} in the namespace {self._cluster.namespace}"
        own = self._project.overlay
        raise FerrymanError(
            f"{where} was deployed {f'with --env {theirs}' if theirs else 'without --env'}",
            cause=f"this is {f'the environment {own}' if own else 'the project without --env'}",
            hint="give one of them another `instance`, or namespace, in [tool.ferryman.k8s] of its "
            "environment; `ferryman deploy --adopt` makes it this environment's",
        )

    def _compare_versions(self) -> None:
        """Say so where the manifests are for a newer Kubernetes than the cluster's."""
        meant = self._project.section("k8s", KubernetesOptions).kube_version
        try:
            found = self._cluster.version()
        except Refusal:
            return  # not everybody may ask, and a deploy can do without
        if _minor(found) < _minor(meant):
            self._tell(
                f"note: the cluster is Kubernetes {found} and the manifests are for {meant}; "
                f'kube_version = "{found}" in [tool.ferryman.k8s] makes them for it'
            )

    def _prune(self, leftovers: Sequence[Change], ask: Ask) -> None:
        if leftovers and ask(self._question(leftovers)):
            delete_leftovers(self._cluster, leftovers, self._tell)

    def _question(self, changes: Iterable[Change]) -> str:
        listed = ", ".join(f"{change.kind.name}/{change.name}" for change in changes)
        what = listed or "the releases that are written down"
        return f"delete {what} from {self._cluster.namespace} at {self._cluster.host}?"


def _minor(version: str) -> int:
    minor = version.partition(".")[2]
    return int(minor) if minor.isdigit() else 0
