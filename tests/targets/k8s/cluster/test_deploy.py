"""A project is applied, watched, changed, pruned and taken away, over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.changes import Change
from ferryman.targets.k8s.cluster.failures import ConflictError, Refusal
from ferryman.targets.k8s.cluster.planned import DeployOptions
from ferryman.targets.k8s.cluster.rollout import RolloutError

Open = Callable[..., Any]  # operations that plan and apply in one

WISHES = DeployOptions(timeout=60)


def yes(_: str) -> bool:
    return True


def no(_: str) -> bool:
    return False


def said(changes: list[Change]) -> list[str]:
    return [str(change) for change in changes]


def owners(document: Any, *path: str) -> set[str]:
    """Return who owns a field."""

    def holds(fields: Any) -> bool:
        for part in path:
            fields = fields.get(f"f:{part}")
            if fields is None:
                return False
        return True

    return {m["manager"] for m in document["metadata"]["managedFields"] if holds(m["fieldsV1"])}


def test_everything_is_made_in_an_order_in_which_nothing_waits(operations: Open, fake: Any) -> None:
    changes = operations(environment={"A": "1"}, secrets=["db"]).deploy(WISHES, no)
    assert [line.partition("/")[0] for line in said(changes)] == [
        *("create ServiceAccount", "create ConfigMap", "create NetworkPolicy"),
        *("create Service", "create Deployment", "create PodDisruptionBudget"),
    ]
    made = [path.split("/")[-2] for method, path in fake.changes() if method == "PATCH"]
    assert made == [
        *("serviceaccounts", "configmaps", "networkpolicies", "services", "deployments"),
        "poddisruptionbudgets",
    ]


def test_a_second_deploy_changes_nothing(operations: Open, fake: Any) -> None:
    operations().deploy(WISHES, no)
    before = fake.get("Deployment", "shop")["metadata"]["generation"]
    assert operations().diff() == []
    assert operations().deploy(WISHES, no) == []
    assert fake.get("Deployment", "shop")["metadata"]["generation"] == before


def test_a_diff_shows_what_a_deploy_would_change_and_changes_nothing(
    operations: Open, fake: Any
) -> None:
    operations().deploy(WISHES, no)
    fake.requests.clear()
    (change,) = operations(cpu="300m").diff()
    assert str(change) == "change Deployment/shop"
    marked = [line.replace(" ", "") for line in change.lines if line[:1] in "+-"][2:]
    assert marked == ['-cpu:"250m"', '+cpu:"300m"']
    assert fake.changes() == []


def test_a_dry_run_names_the_changes_and_makes_none(operations: Open, fake: Any) -> None:
    changes = operations().deploy(DeployOptions(dry_run=True), yes)
    assert "create Deployment/shop" in said(changes)
    assert fake.changes() == []
    assert fake.get("Deployment", "shop") is None


def test_what_is_no_longer_made_is_deleted_after_asking_and_when_the_rest_is_good(
    operations: Open, fake: Any
) -> None:
    operations(hosts=["a.example.com"], gateway="public").deploy(WISHES, no)
    asked: list[str] = []

    def ask(question: str) -> bool:
        asked.append(question)
        return len(asked) > 1

    operations().deploy(WISHES, ask)
    assert fake.names("HTTPRoute") == {"shop"}, "the first answer was no"
    assert said(operations().deploy(WISHES, ask)) == ["delete HTTPRoute/shop"]
    assert fake.names("HTTPRoute") == set()
    assert asked[0].startswith("delete HTTPRoute/shop from default at http://127.0.0.1:")


def test_settings_of_releases_that_can_be_gone_back_to_are_kept_and_no_others(
    operations: Open, fake: Any
) -> None:
    for number in range(1, 9):
        operations(environment={"A": str(number)}).deploy(WISHES, no)
        assert operations(environment={"A": str(number)}).diff() == [], number
        assert len(fake.settings()) == min(number, 5)


def test_what_others_made_is_never_touched(operations: Open, fake: Any) -> None:
    theirs = {"metadata": {"name": "shop", "managedFields": [{"manager": "alice"}]}, "spec": {}}
    fake.objects["v1", "services", "shop"] = theirs
    with pytest.raises(FerrymanError) as caught:
        operations().deploy(WISHES, yes)
    assert caught.value.message == "Service/shop in the namespace default is not this project's"
    assert caught.value.cause == "it is managed by alice"
    assert fake.changes() == []
    labels = {"app.kubernetes.io/managed-by": "ferryman", "app.kubernetes.io/instance": "other"}
    fake.objects["v1", "services", "shop"] = {"metadata": {"name": "shop", "labels": labels}}
    with pytest.raises(FerrymanError, match="not this project's"):
        operations().deploy(WISHES, yes)
    operations().delete(dry_run=False, ask=yes)
    assert fake.names("Service") == {"shop"}


def test_what_others_made_is_taken_over_when_asked_to(operations: Open, fake: Any) -> None:
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "shop"}, "spec": {}}
    fake.objects["v1", "services", "shop"] = theirs
    changes = operations().deploy(WISHES, no, adopt=True)
    assert "change Service/shop" in said(changes)
    assert operations().diff() == []


def meddle(open_cluster: Any, cpu: str) -> None:
    """Let alice set the CPU that is asked for."""
    requests = {"requests": {"cpu": cpu}}
    container = {"name": "shop", "resources": requests}
    document = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "shop"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    }
    open_cluster().apply(document, dry_run=False, force=True, manager="alice")


def test_a_conflict_names_the_field_and_its_owner_and_changes_nothing(
    operations: Open, fake: Any, open_cluster: Any
) -> None:
    operations().deploy(WISHES, no)
    meddle(open_cluster, "2")
    (change,) = operations().diff()
    assert [owner for _, owner in change.conflicts] == ["alice"]
    fake.requests.clear()
    with pytest.raises(ConflictError) as caught:
        operations(memory="1Gi").deploy(WISHES, yes)
    assert fake.changes() == []
    assert "alice owns spec.template.spec.containers" in str(caught.value.cause)
    assert "resources.requests.cpu" in str(caught.value.cause)
    assert "--force" in str(caught.value.hint)


def test_force_takes_the_field_over(operations: Open, fake: Any, open_cluster: Any) -> None:
    operations().deploy(WISHES, no)
    meddle(open_cluster, "2")
    operations().deploy(DeployOptions(force=True), no)
    (container,) = fake.get("Deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["requests"]["cpu"] == "250m"
    assert operations().diff() == []


def test_the_number_of_pods_stays_when_an_autoscaler_takes_over(
    operations: Open, fake: Any
) -> None:
    operations(replicas=4).deploy(WISHES, no)
    operations(replicas=4, max_replicas=9).deploy(WISHES, no)
    deployment = fake.get("Deployment", "shop")
    assert deployment["spec"]["replicas"] == 4, "it would be 1, the default"
    assert owners(deployment, "spec", "replicas") == {"ferryman-replicas"}
    assert operations(replicas=4, max_replicas=9).diff() == []
    operations(replicas=4).deploy(WISHES, yes)
    deployment = fake.get("Deployment", "shop")
    assert owners(deployment, "spec", "replicas") >= {"ferryman"}
    assert fake.names("HorizontalPodAutoscaler") == set()
    assert operations(replicas=4).diff() == []


def test_a_first_deploy_with_an_autoscaler_begins_with_the_fewest_pods(
    operations: Open, fake: Any
) -> None:
    operations(replicas=3, max_replicas=9).deploy(WISHES, no)
    assert fake.get("Deployment", "shop")["spec"]["replicas"] == 3
    assert len(fake.names("Pod")) == 3
    assert operations(replicas=3, max_replicas=9).diff() == []


def kubectl_applies(fake: Any, open_cluster: Any, documents: Any) -> None:
    """Apply as kubectl does on the client's side: under its name, with the last applied."""
    cluster = open_cluster()
    for document in documents:
        cluster.apply(document, dry_run=False, force=True, manager="kubectl-client-side-apply")
    last = "kubectl.kubernetes.io/last-applied-configuration"
    for (_, plural, _), document in fake.objects.items():
        if plural not in ("pods", "replicasets"):
            document["metadata"].setdefault("annotations", {})[last] = "{}"


def test_what_kubectl_applied_becomes_ours_with_the_fields_that_we_leave_out(
    operations: Open, fake: Any, open_cluster: Any, make_project: Any
) -> None:
    from ferryman.targets.k8s.planning import plan_objects

    project = make_project(cpu_limit="1", cpu="300m")
    kubectl_applies(fake, open_cluster, plan_objects(project, lambda _: None).objects.values())
    (change,) = operations().diff()
    assert any("-" in line and "cpu" in line for line in change.lines)
    assert change.conflicts == ()
    operations().deploy(WISHES, no)
    (container,) = fake.get("Deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert "cpu" not in container["resources"]["limits"]
    assert container["resources"]["requests"]["cpu"] == "250m"
    assert operations().diff() == []
    operations(cpu="1").deploy(WISHES, no)
    assert operations(cpu="1").diff() == []
    managers = {m["manager"] for m in fake.get("Service", "shop")["metadata"]["managedFields"]}
    assert managers == {"ferryman"}


def test_logs_are_those_of_the_app_where_a_mesh_puts_its_container_first(
    operations: Open, fake: Any
) -> None:
    operations().deploy(WISHES, no)
    for (_, plural, _), pod in fake.objects.items():
        if plural == "pods":
            own = pod["spec"]["containers"]
            pod["spec"] = {**pod["spec"], "containers": [{"name": "istio-proxy"}, *own]}
    operations().logs(lines=5, previous=False)
    assert fake.requests[-1][2]["container"] == "shop"


def test_a_pull_that_recovers_within_the_patience_is_no_failure(
    operations: Open, fake: Any
) -> None:
    fake.behaviour = lambda _: "pull"
    recover = [lambda: None] * 3 + [lambda: fake.become(fake.get("Deployment", "shop"), "good")]
    fake.steps = list(recover)
    operations().deploy(DeployOptions(timeout=300, patience=60), no)
    fake.steps = list(recover)
    fake.become(fake.get("Deployment", "shop"), "pull")
    with pytest.raises(RolloutError, match="its pods have not recovered for 20 s"):
        operations().deploy(DeployOptions(timeout=300, patience=20), no)


def test_a_second_deploy_asks_little_and_a_change_not_much_more(
    operations: Open, fake: Any
) -> None:
    settings = {"environment": {"A": "1"}, "hosts": ["a.example.com"], "gateway": "public"}
    operations(**settings).deploy(WISHES, no)
    fake.requests.clear()
    operations(**settings).deploy(WISHES, no)
    assert len(fake.requests) <= 12, fake.requests
    fake.requests.clear()
    operations(**settings, image="shop:2").deploy(DeployOptions(wait=False), no)
    assert len(fake.requests) <= 15, fake.requests


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("crash", ["Pod/shop-", "ended with status 3, after 4 restarts", "ImportError: pony"]),
        ("pull", ["the image shop:1.2.3 of shop cannot be pulled: manifest unknown"]),
        ("secret", ['the container shop cannot be created: secret "db" not found']),
        ("probe", ["Startup probe failed", "connection refused", "ImportError: pony"]),
        ("quota", ["cannot create pods, the quota is exceeded"]),
    ],
)
def test_a_rollout_that_sticks_says_why(
    operations: Open, fake: Any, state: str, words: list[str]
) -> None:
    class Everything(dict[str, str]):
        def get(self, _: object, __: object = None) -> Any:
            return "starting\nImportError: pony\n"

    fake.behaviour = lambda _: state
    fake.logs = Everything()
    with pytest.raises(RolloutError) as caught:
        operations().deploy(DeployOptions(timeout=60, patience=30), yes)
    for word in words:
        assert word in str(caught.value.cause)
    hopeless = state in ("crash", "pull")
    assert ("have not recovered" if hopeless else "not good after 60 s") in str(caught.value)


def test_progress_is_told_whenever_it_changes(operations: Open, fake: Any) -> None:
    fake.behaviour = lambda _: "start"

    def recover() -> None:
        fake.become(fake.get("Deployment", "shop"), "good")

    fake.steps = [lambda: None, recover]
    told: list[str] = []
    operations(told.append).deploy(WISHES, no)
    assert told[-2:] == [
        "2 of 2 pods are new, 0 available, 2 running",
        "2 of 2 pods are new, 2 available, 2 ready",
    ]


def test_a_watch_that_is_too_old_is_begun_again(operations: Open, fake: Any) -> None:
    fake.behaviour = lambda _: "start"
    fake.version = 1
    fake.steps = [lambda: None]
    with pytest.raises(RolloutError, match="not good after 60 s"):
        operations().deploy(WISHES, no)
    assert fake.steps, "the cluster answered 410 each time"


def test_who_may_not_watch_looks_again_after_a_while(operations: Open, fake: Any) -> None:
    fake.behaviour = lambda _: "start"
    fake.forbidden = {("watch", "deployments")}
    with pytest.raises(RolloutError, match="not good after 60 s"):
        operations().deploy(WISHES, no)


def test_a_knative_service_is_watched_by_its_condition(operations: Open, fake: Any) -> None:
    def answer(status: str) -> None:
        service = fake.get("Service", "shop")
        conditions = [{"type": "Ready", "status": status, "message": "it cannot start"}]
        service["status"] = {"observedGeneration": 1, "conditions": conditions}

    options = {"flavour": "knative", "replicas": 0}
    fake.steps = [lambda: answer("Unknown"), lambda: answer("True")]
    operations(**options).deploy(WISHES, no)
    assert operations(**options).diff() == []
    assert operations(**options).status().good
    answer("False")
    with pytest.raises(RolloutError, match="it cannot start"):
        operations(**options).deploy(WISHES, no)


def test_without_waiting_it_ends_when_all_is_applied(operations: Open, fake: Any) -> None:
    fake.behaviour = lambda _: "crash"
    operations().deploy(DeployOptions(wait=False), no)
    assert fake.get("Deployment", "shop") is not None


def test_a_lost_connection_is_ridden_out(operations: Open, fake: Any, refuse: Any) -> None:
    refuse("PATCH", "/deployments/", 0, times=2)
    operations().deploy(WISHES, no)
    assert operations().diff() == []


def test_a_connection_that_stays_lost_leaves_what_the_next_run_completes(
    operations: Open, fake: Any, refuse: Any
) -> None:
    operations(replicas=1).deploy(WISHES, no)
    refuse("PATCH", "/deployments/", 0, times=99)
    with pytest.raises(FerrymanError) as caught:
        operations(cpu="1", environment={"A": "1"}).deploy(WISHES, no)
    assert "does not answer" in caught.value.message
    assert "run the command again" in str(caught.value.hint)
    fake.faults.clear()
    operations(cpu="1", environment={"A": "1"}).deploy(WISHES, no)
    assert operations(cpu="1", environment={"A": "1"}).diff() == []
    assert len(fake.settings()) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_cluster_is_asked_again(
    operations: Open, fake: Any, refuse: Any, status: int
) -> None:
    refuse("PATCH", "/services/", status, times=3)
    refuse("GET", "/deployments/", status, times=2)
    operations().deploy(WISHES, no)
    assert operations().diff() == []


def test_a_cluster_that_stays_broken_is_told_so(operations: Open, refuse: Any) -> None:
    refuse("PATCH", "/services/", 503, times=99)
    with pytest.raises(Refusal) as caught:
        operations().deploy(WISHES, no)
    assert caught.value.message == "apply Service/shop: the cluster refused"
    assert caught.value.cause == "it broke"


def test_a_webhook_that_rejects_is_quoted_and_not_asked_again(
    operations: Open, fake: Any, refuse: Any
) -> None:
    text = 'admission webhook "policy.example.com" denied the request: no images of hello'
    refuse("PATCH", "/deployments/", 403, text, times=99)
    with pytest.raises(Refusal) as caught:
        operations().deploy(WISHES, no)
    assert "the admission webhook policy.example.com refused" in caught.value.message
    assert caught.value.cause == "no images of hello"
    assert (
        sum(path.endswith("/deployments/shop") for m, path, _ in fake.requests if m != "GET") == 1
    )


def test_a_kind_that_the_cluster_has_not_is_named_with_what_brings_it(
    operations: Open, fake: Any
) -> None:
    fake.missing_kinds = {"HTTPRoute"}
    operations().deploy(WISHES, no)
    with pytest.raises(FerrymanError) as caught:
        operations(hosts=["a.example.com"], gateway="public").deploy(WISHES, no)
    assert "no kind HTTPRoute" in caught.value.message
    assert "it is part of the Gateway API" in caught.value.message


def test_a_field_that_the_cluster_does_not_know_is_refused_in_words(
    operations: Open, refuse: Any
) -> None:
    text = "failed to create typed patch object: .spec.hostUsers: field not declared in schema"
    refuse("PATCH", "/deployments/", 500, text, times=99)
    with pytest.raises(Refusal) as caught:
        operations().deploy(WISHES, no)
    assert "kube_version" in str(caught.value.hint)


@pytest.mark.parametrize(("minor", "noted"), [("37+", False), ("38", False), ("32", True)])
def test_a_cluster_older_than_the_manifests_is_noted(
    operations: Open, fake: Any, minor: str, noted: bool
) -> None:
    fake.minor = minor
    told: list[str] = []
    operations(told.append).diff()
    assert any('kube_version = "1.32"' in line for line in told) is noted


def test_a_namespace_that_is_not_there_is_named(operations: Open, fake: Any) -> None:
    fake.namespaces.clear()
    with pytest.raises(Refusal) as caught:
        operations().deploy(WISHES, no)
    assert caught.value.message == "there is no namespace default"
    assert caught.value.hint == "kubectl create namespace default"


@pytest.mark.parametrize(
    ("verb", "plural", "said"),
    [
        ("get", "deployments", "you may not get deployments.apps in the namespace default"),
        ("patch", "services", "you may not patch services in the namespace default"),
        ("list", "replicasets", "you may not list replicasets.apps in the namespace default"),
    ],
)
def test_what_rbac_forbids_is_named(
    operations: Open, fake: Any, verb: str, plural: str, said: str
) -> None:
    fake.forbidden = {(verb, plural)}
    with pytest.raises(Refusal) as caught:
        operations().deploy(WISHES, no)
    assert said in caught.value.message
    assert f"the verb {verb}" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("status", "message", "said", "hint"),
    [
        (
            403,
            "unable to create new content in namespace default because it is being terminated",
            "the namespace is being deleted",
            "wait until it is gone",
        ),
        (
            403,
            'services "shop" is forbidden: exceeded quota: q, requested: services=1',
            "the namespace's quota is exceeded",
            "a larger quota",
        ),
        (
            500,
            'failed calling webhook "w.example.com": context deadline exceeded',
            "an admission webhook does not work",
            "administrator",
        ),
    ],
)
def test_a_refusal_that_is_not_ours_to_mend_says_whose_it_is(
    operations: Open, fake: Any, refuse: Any, status: int, message: str, said: str, hint: str
) -> None:
    refuse("PATCH", "/services/shop", status, message)
    with pytest.raises(Refusal) as caught:
        operations().deploy(WISHES, no)
    assert said in caught.value.message
    assert hint in str(caught.value.hint)
    operations().deploy(WISHES, no)
    assert fake.names("Deployment") == {"shop"}


def test_who_may_not_ask_for_the_version_can_deploy(
    operations: Open, fake: Any, refuse: Any
) -> None:
    refuse("GET", "/version", 403, "forbidden", times=9)
    operations().deploy(WISHES, no)
    assert fake.names("Deployment") == {"shop"}


def test_who_may_not_read_events_can_still_deploy(operations: Open, fake: Any) -> None:
    fake.forbidden = {("list", "events")}
    fake.behaviour = lambda _: "crash"
    with pytest.raises(RolloutError, match="ended with status 3"):
        operations().deploy(WISHES, no)


def test_delete_takes_all_that_was_made_and_asks_first(operations: Open, fake: Any) -> None:
    operations(environment={"A": "1"}).deploy(WISHES, no)
    fake.objects["v1", "configmaps", "theirs"] = {"metadata": {"name": "theirs"}}
    assert operations().delete(dry_run=False, ask=no) is None
    assert len(operations().delete(dry_run=True, ask=no)) == 6
    assert fake.names("Deployment") == {"shop"}
    gone = operations().delete(dry_run=False, ask=yes)
    assert said(gone)[0] == "delete PodDisruptionBudget/shop"
    left = fake.names("Deployment") | fake.names("Service") | fake.names("ConfigMap")
    assert left == {"theirs"}
