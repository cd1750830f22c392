"""A deploy whose pods KEDA scales, to none at all where nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ferryman.targets.k8s.cluster.planned import DeployOptions

WISHES = DeployOptions(timeout=60)
OPTIONS = {
    "replicas": 0,
    "max_replicas": 5,
    "keda": [{"type": "redis", "metadata": {"listName": "cards"}}],
}


def test_a_release_scaled_to_zero_is_good(operations: Callable[..., Any], fake: Any) -> None:
    operations(**OPTIONS).deploy(WISHES, lambda _: True)
    assert fake.names("ScaledObject") == {"shop"}
    fake.get("Deployment", "shop")["spec"]["replicas"] = 0
    fake.become(fake.get("Deployment", "shop"), "good")
    assert operations(**OPTIONS).status().good
    assert operations(**OPTIONS).deploy(WISHES, lambda _: True) == []
    operations(**OPTIONS, image="shop:2").deploy(WISHES, lambda _: True)
    assert fake.get("Deployment", "shop")["spec"]["replicas"] == 0


def test_an_interceptor_route_is_of_the_release_and_goes_with_it(
    operations: Callable[..., Any], fake: Any
) -> None:
    hosts = {"hosts": ["shop.example.com"], "gateway": "infra/public"}
    operations(max_replicas=5, keda_http=20, **hosts).deploy(WISHES, lambda _: True)
    assert fake.names("InterceptorRoute") == {"shop"}
    assert operations(max_replicas=5, keda_http=20, **hosts).deploy(WISHES, lambda _: True) == []
    operations(**hosts).deploy(WISHES, lambda _: True)
    assert fake.names("InterceptorRoute") == set()
