"""The kubeconfig, as kubectl reads it, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.k8s.cluster.exchange import Exchange
from ferryman.targets.k8s.cluster.failures import explain, unreachable
from ferryman.targets.k8s.cluster.kinds import KINDS, OWN_KINDS
from ferryman.targets.k8s.cluster.kubeconfig import Place, connect


def edit(path: Path, change: Any) -> None:
    config = yaml.safe_load(path.read_text("utf-8"))
    change(config)
    path.write_text(yaml.safe_dump(config), encoding="utf-8")


@pytest.mark.parametrize(
    ("place", "project", "context", "wanted"),
    [
        (Place(), None, None, "default"),
        (Place(), None, "theirs", "theirs"),
        (Place(), "web", "theirs", "web"),
        (Place(namespace="mine"), None, "theirs", "mine"),
        (Place(namespace="web"), "web", None, "web"),
    ],
)
def test_the_namespace_is_the_flags_the_projects_or_the_contexts(
    fake: Any, tmp_path: Path, place: Place, project: str | None, context: str | None, wanted: str
) -> None:
    if context:
        edit(
            tmp_path / "kubeconfig", lambda c: c["contexts"][0]["context"].update(namespace=context)
        )
    assert connect(place, project).namespace == wanted


def test_a_namespace_that_contradicts_the_manifests_is_refused(fake: Any) -> None:
    with pytest.raises(ConfigError, match="the manifests are for web"):
        connect(Place(namespace="other"), "web")


@pytest.mark.parametrize("name", ["Web", "a/b", "", "a.b"])
def test_a_namespace_that_is_no_dns_label_is_refused(fake: Any, name: str) -> None:
    with pytest.raises(ConfigError, match=r"--namespace .*a namespace is"):
        connect(Place(namespace=name), None)


def test_a_context_that_there_is_not_is_told_with_those_that_are(fake: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(Place(context="prod"), None)
    assert caught.value.message == "--context prod: the kubeconfig has no such context"
    assert caught.value.cause == "its contexts are fake, late"


def test_without_a_kubeconfig_it_says_where_it_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(ConfigError) as caught:
        connect(Place(), None)
    assert caught.value.message == "there is no kubeconfig"
    assert str(tmp_path / "a") in str(caught.value.cause)
    assert str(tmp_path / "b") in str(caught.value.cause)


@pytest.mark.parametrize("text", ["", "a: [", "clusters: {}\n", "[]\n", "\x00"])
def test_a_kubeconfig_that_is_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    path = tmp_path / "broken"
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", str(path))
    with pytest.raises(ConfigError) as caught:
        connect(Place(), None)
    assert caught.value.message == f"the kubeconfig {path} cannot be used"


def test_a_context_of_no_cluster_or_user_is_told(fake: Any, tmp_path: Path) -> None:
    edit(tmp_path / "kubeconfig", lambda c: c["contexts"][0]["context"].update(cluster="gone"))
    with pytest.raises(ConfigError, match="cannot be used"):
        connect(Place(), None)


def test_a_plugin_that_gives_no_credentials_is_told(fake: Any, tmp_path: Path) -> None:
    command = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": "no-such-plugin",
        "interactiveMode": "Never",
    }
    edit(tmp_path / "kubeconfig", lambda c: c["users"][0].update(user={"exec": command}))
    with pytest.raises(ConfigError) as caught:
        connect(Place(), None)
    assert caught.value.message == "the kubeconfig's plugin gave no credentials"
    assert "no-such-plugin" in str(caught.value.cause)


def test_a_cluster_that_the_kubeconfig_does_not_trust_is_told() -> None:
    error = unreachable("https://a", "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed (_ssl.c:1)")
    assert (
        error.message == "the kubeconfig does not trust the certificate of the cluster at https://a"
    )
    assert error.cause == "self-signed"


def test_credentials_that_have_expired_are_told(open_cluster: Any, fake: Any) -> None:
    cluster = open_cluster("late")
    with pytest.raises(ConfigError) as caught:
        cluster.list(OWN_KINDS[0])
    assert caught.value.message == "the cluster does not know you"
    assert "expired" in str(caught.value.cause)


def test_a_cluster_that_is_not_there_is_told_at_once(
    open_cluster: Any, fake: Any, tmp_path: Path
) -> None:
    nowhere = "http://127.0.0.1:1"
    edit(tmp_path / "kubeconfig", lambda c: c["clusters"][0]["cluster"].update(server=nowhere))
    paused: list[float] = []
    with pytest.raises(FerrymanError) as caught:
        open_cluster(pause=paused.append).list(OWN_KINDS[0])
    assert caught.value.message == f"the cluster at {nowhere} does not answer"
    assert "refused" in str(caught.value.cause)
    assert paused == []


def test_a_pause_is_as_long_as_the_cluster_says_or_grows(
    open_cluster: Any, fake: Any, refuse: Any
) -> None:
    paused: list[float] = []
    cluster = open_cluster(pause=paused.append)
    refuse("GET", "/configmaps", 429, headers={"Retry-After": "3"})
    refuse("GET", "/configmaps", 503, times=2)
    assert cluster.list(OWN_KINDS[1]) == []
    assert paused == [3.0, 1.0, 2.0]


@pytest.mark.parametrize("said", ["<html>log in</html>", "[1]", ""])
def test_what_answers_and_is_no_cluster_is_told(
    open_cluster: Any, fake: Any, refuse: Any, said: str
) -> None:
    refuse("GET", "/configmaps", 200, said)
    with pytest.raises(FerrymanError) as caught:
        open_cluster().list(OWN_KINDS[1])
    assert "does not answer like a cluster" in caught.value.message
    assert "a proxy or a login page" in str(caught.value.hint)


def test_a_page_of_something_in_between_is_not_quoted_whole(
    open_cluster: Any, fake: Any, refuse: Any
) -> None:
    refuse("GET", "/configmaps", 418, "no" * 5000)
    with pytest.raises(FerrymanError) as caught:
        open_cluster().list(OWN_KINDS[1])
    assert caught.value.cause == "no" * 5000  # a Status is the cluster's own word
    explained = explain("list configmaps", 418, "<html>" + "no" * 5000)
    assert len(str(explained.cause)) == 300


def test_an_answer_that_breaks_off_is_asked_for_again(
    open_cluster: Any, fake: Any, refuse: Any
) -> None:
    fake.objects["v1", "configmaps", "a"] = {"metadata": {"name": "a"}}
    cluster = open_cluster()
    cluster.version()
    refuse("GET", "/configmaps", 0, "half an answer", times=2)
    assert [d["metadata"]["name"] for d in cluster.list(OWN_KINDS[1])] == ["a"]


def test_a_list_that_changed_between_two_pages_is_begun_again(
    open_cluster: Any, fake: Any, refuse: Any
) -> None:
    fake.objects["v1", "configmaps", "a"] = {"metadata": {"name": "a"}}
    cluster = open_cluster()
    refuse("GET", "/configmaps", 410, "the continue parameter is too old", times=2)
    assert [d["metadata"]["name"] for d in cluster.list(OWN_KINDS[1])] == ["a"]
    refuse("GET", "/configmaps", 410, "the continue parameter is too old", times=99)
    with pytest.raises(FerrymanError, match="list configmaps: the cluster refused"):
        cluster.list(OWN_KINDS[1])


@pytest.mark.parametrize(
    ("status", "said"), [(200, ""), (200, "{no json\n"), (200, '{"type": "ERROR"}\n'), (410, "old")]
)
def test_a_watch_that_ends_at_once_does_not_make_us_ask_without_a_pause(
    open_cluster: Any, fake: Any, refuse: Any, status: int, said: str
) -> None:
    paused: list[float] = []
    refuse("GET", "/deployments", status, said)
    cluster = open_cluster(pause=paused.append)
    cluster.wait_for_change(KINDS["Deployment"], "shop", "100", 2)
    assert paused == [1.0]


def test_a_list_in_pages_is_read_to_its_end(
    open_cluster: Any, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = open_cluster()
    pages = iter(
        [
            {"items": [{"metadata": {"name": "a"}}], "metadata": {"continue": "next"}},
            {"items": [{"metadata": {"name": "b"}}], "metadata": {}},
        ]
    )
    monkeypatch.setattr(Exchange, "document", lambda *_: next(pages))
    assert [d["metadata"]["name"] for d in cluster.list(OWN_KINDS[1])] == ["a", "b"]


def test_a_token_file_may_end_in_a_newline(fake: Any, open_cluster: Any, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("good\n", "utf-8")
    edit(tmp_path / "kubeconfig", lambda c: c["users"][0].update(user={"tokenFile": str(token)}))
    cluster = open_cluster()
    for _ in range(2):  # the client reads its token again before each request
        assert cluster.list(OWN_KINDS[0]) == []


def test_who_acts_as_another_does_so_in_every_request(
    fake: Any, open_cluster: Any, tmp_path: Path
) -> None:
    user = {
        "token": "good",
        "as": "dev",
        "as-uid": "7",
        "as-groups": ["developers", "testers"],
        "as-user-extra": {"reason": ["a", "b"]},
    }
    edit(tmp_path / "kubeconfig", lambda c: c["users"][0].update(user=user))
    open_cluster().list(OWN_KINDS[0])
    (headers,) = fake.headers
    assert headers["Impersonate-User"] == "dev"
    assert headers["Impersonate-Uid"] == "7"
    assert headers.getall("Impersonate-Group") == ["developers", "testers"]
    assert headers.getall("Impersonate-Extra-reason") == ["a", "b"]


def test_a_cluster_that_is_away_is_waited_for_as_long_as_was_asked(
    fake: Any, open_cluster: Any, refuse: Any
) -> None:
    paused: list[float] = []
    cluster = open_cluster(pause=paused.append)
    cluster.version()
    refuse("GET", "/configmaps", 0, times=13)
    assert cluster.list(OWN_KINDS[1]) == []
    assert 30 < sum(paused) <= 60
    refuse("GET", "/configmaps", 0, times=99)
    with pytest.raises(FerrymanError, match="does not answer"):
        cluster.list(OWN_KINDS[1])
