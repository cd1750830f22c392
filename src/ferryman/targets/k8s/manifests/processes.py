"""What runs beside the web process, from the same image: workers, schedules, the migration."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata, pod
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Process, Values

__all__ = (
    *("CRON_REASONS", "MIGRATION_REASONS", "WORKER_REASONS"),
    *("cron_job", "migration", "worker"),
)

_A_WEEK = 7 * 24 * 3600
_SERVERS = ("ports", "lifecycle", "startupProbe", "livenessProbe", "readinessProbe")

_POD: Mapping[str, str] = {
    **{
        field: why
        for field, why in pod.REASONS.items()
        if not field.startswith(tuple(f"spec.containers[].{each}" for each in _SERVERS))
        and field != "spec.containers[].resources.limits.cpu"
    },
    "spec.containers[].name": "The process' `name`.",
    "spec.containers[].command": "`command`, in place of the server. No shell is in between. A "
    "schedule without one starts the app and calls its handler for `schedule`.",
    "spec.containers[].resources.requests.cpu": "`cpu` of the process, or else of the project.",
    "spec.containers[].resources.requests.memory": "`memory` of the process, or else of the "
    "project.",
    "spec.terminationGracePeriodSeconds": "The same as the server's.",
}
_ENDING: Mapping[str, str] = {
    **{f: why for f, why in _POD.items() if not f.startswith("spec.topologySpread")},
    "spec.restartPolicy": "A failed process is reported, and the next try is another pod.",
}
_HEAD: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    **metadata.REASONS,
    "metadata.name": "The project's `name`, and the process'.",
}

WORKER_REASONS: Mapping[str, str] = {
    **_HEAD,
    "kind": "Written for each process without a `schedule`.",
    "spec.replicas": "`replicas` of the process.",
    "spec.revisionHistoryLimit": "As for the web process.",
    "spec.selector.matchLabels": "The name is not the web process', whose Service must not find "
    "these pods.",
    "spec.strategy.type": "A new worker starts before an old one is stopped.",
    **{f"spec.template.{field}": why for field, why in _POD.items()},
}

CRON_REASONS: Mapping[str, str] = {
    **_HEAD,
    "kind": "Written for each process with a `schedule`.",
    "spec.schedule": "`schedule`.",
    "spec.timeZone": "`time_zone`; not written where it is not set, and the cluster's counts.",
    "spec.concurrencyPolicy": "One at a time: where one takes longer than until the next, the next "
    "is left out.",
    "spec.startingDeadlineSeconds": "One that could not be started for so long is left out; "
    "without it a clock that stood still for 100 turns stays still.",
    "spec.successfulJobsHistoryLimit": "Its log can be read until the next has ended.",
    "spec.failedJobsHistoryLimit": "Kubernetes would keep one.",
    "spec.jobTemplate.spec.backoffLimit": "Two more tries, as Lambda makes for a schedule.",
    **{f"spec.jobTemplate.spec.template.{field}": why for field, why in _ENDING.items()},
}

MIGRATION_REASONS: Mapping[str, str] = {
    **_HEAD,
    "metadata.name": "The project's `name` and a digest of the pod, for a Job can never be "
    "changed. `ferryman deploy` puts the number of the release in its place.",
    "kind": "Written where `migrate` is set. `ferryman deploy` has it end well before anything "
    "else that runs is changed.",
    "spec.backoffLimit": "What failed half-way is not tried again without somebody who looks.",
    "spec.ttlSecondsAfterFinished": "A week, in which its log can be read.",
    **{f"spec.template.{field}": why for field, why in _ENDING.items()},
}


def worker(values: Values, process: Process) -> Fields:
    """Return the Deployment of a process that runs forever."""
    return fields(
        api_version="apps/v1",
        kind="Deployment",
        metadata=metadata.object_metadata(values, process.name),
        spec=fields(
            replicas=process.replicas,
            revision_history_limit=3,
            selector=fields(match_labels=metadata.selector(values, process.name)),
            strategy=fields(type="RollingUpdate"),
            template=pod.background_template(values, process, lasting=True),
        ),
    )


def cron_job(values: Values, process: Process) -> Fields:
    """Return the CronJob of a process that a clock starts."""
    return fields(
        api_version="batch/v1",
        kind="CronJob",
        metadata=metadata.object_metadata(values, process.name),
        spec=fields(
            schedule=process.schedule,
            time_zone=process.time_zone,
            concurrency_policy="Forbid",
            starting_deadline_seconds=300,
            successful_jobs_history_limit=1,
            failed_jobs_history_limit=3,
            job_template=fields(
                spec=fields(
                    backoff_limit=2,
                    template=pod.background_template(values, process, lasting=False),
                )
            ),
        ),
    )


def migration(values: Values, process: Process) -> Fields:
    """Return the Job of what must end well before the pods of a release start."""
    template = pod.background_template(values, process, lasting=False)
    described = metadata.object_metadata(values, process.name)
    text = json.dumps(template, sort_keys=True)
    described["name"] += f"-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
    return fields(
        api_version="batch/v1",
        kind="Job",
        metadata=described,
        spec=fields(backoff_limit=0, ttl_seconds_after_finished=_A_WEEK, template=template),
    )
