"""The background processes, which run the same image: workers, schedules, the migration."""

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
_SERVER_ONLY = tuple(
    f"spec.containers[].{field}"
    for field in ("ports", "lifecycle", "startupProbe", "livenessProbe", "readinessProbe")
)

_POD: Mapping[str, str] = {
    **{
        field: why
        for field, why in pod.REASONS.items()
        if not field.startswith(_SERVER_ONLY) and field != "spec.containers[].resources.limits.cpu"
    },
    "spec.containers[].name": "The process' `name`.",
    "spec.containers[].command": "`command`, which replaces the server and runs without a shell. A "
    "process with a `schedule` and no `command` starts the app and calls its handler for "
    "`schedule`.",
    "spec.containers[].resources.requests.cpu": "`cpu` of the process, or of the web process if "
    "unset.",
    "spec.containers[].resources.requests.memory": "`memory` of the process, or of the web process "
    "if unset.",
    "spec.terminationGracePeriodSeconds": "As for the web process.",
}
_ENDING: Mapping[str, str] = {
    **{f: why for f, why in _POD.items() if not f.startswith("spec.topologySpread")},
    "spec.restartPolicy": "A failed pod stays as it ended, with its log. A retry runs in a new "
    "pod.",
}
_HEAD: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    **metadata.REASONS,
    "metadata.name": "The name of the web process' objects, and the process' `name`.",
}

WORKER_REASONS: Mapping[str, str] = {
    **_HEAD,
    "kind": "Present for each process without a `schedule`.",
    "spec.replicas": "`replicas` of the process.",
    "spec.revisionHistoryLimit": "As for the web process.",
    "spec.selector.matchLabels": "The name differs from the web process', so the Service does not "
    "find these pods.",
    "spec.strategy.type": "A new worker starts before an old worker stops.",
    **{f"spec.template.{field}": why for field, why in _POD.items()},
}

CRON_REASONS: Mapping[str, str] = {
    **_HEAD,
    "kind": "Present for each process with a `schedule`.",
    "spec.schedule": "`schedule`.",
    "spec.timeZone": "`time_zone`. Omitted if unset; then the cluster's time zone applies.",
    "spec.concurrencyPolicy": "Runs one job at a time. If a job is still running when the next is "
    "due, Kubernetes skips the next.",
    "spec.startingDeadlineSeconds": "Kubernetes skips a job that it could not start for this long. "
    "Without a deadline it stops scheduling after 100 missed jobs.",
    "spec.successfulJobsHistoryLimit": "The last successful job's log stays readable until the "
    "next job succeeds.",
    "spec.failedJobsHistoryLimit": "The logs of the last three failures stay readable. The default "
    "is 1.",
    "spec.jobTemplate.spec.backoffLimit": "Two retries, as on Lambda for a schedule.",
    **{f"spec.jobTemplate.spec.template.{field}": why for field, why in _ENDING.items()},
}

MIGRATION_REASONS: Mapping[str, str] = {
    **_HEAD,
    "metadata.name": "The name of the web process' objects, `migrate` and a digest of the pod "
    "template, because a Job is immutable. `ferryman deploy` replaces the digest with the number "
    "of the release.",
    "kind": "Present if `migrate` is set. `ferryman deploy` changes no pods until the Job has "
    "succeeded.",
    "spec.backoffLimit": "No retry: somebody should look at a migration that failed half-way.",
    "spec.ttlSecondsAfterFinished": "The log stays readable for a week.",
    **{f"spec.template.{field}": why for field, why in _ENDING.items()},
}


def worker(values: Values, process: Process) -> Fields:
    """Return the Deployment of a process without a schedule."""
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
    """Return the CronJob of a process with a schedule."""
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
    """Return the Job that must succeed before the pods of a release start."""
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
