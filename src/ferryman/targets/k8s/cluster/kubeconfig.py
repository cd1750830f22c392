"""Finds the cluster as kubectl does, by kubeconfig, context and namespace; or from within a pod.

The Kubernetes client takes long to import, so the functions import it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import yaml
from urllib3 import disable_warnings
from urllib3.exceptions import InsecureRequestWarning

from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.syntax import namespace_name

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

__all__ = ("Connection", "Place", "connect")

_POD_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
# The client raises these for a kubeconfig that is YAML of another form.
_MALFORMED = (AttributeError, KeyError, OSError, TypeError, ValueError)


@dataclass(frozen=True, slots=True)
class Place:
    """The context and namespace that the user chose.

    Attributes:
        context: The context of the kubeconfig; None is the current context.
        namespace: The namespace; None is the project's, or the context's if the project has none.
    """

    context: str | None = None
    namespace: str | None = None


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection to a cluster, with a namespace.

    Attributes:
        client: The client for the cluster's API.
        host: The address of the cluster.
        namespace: The namespace.
        impersonation: Headers for acting as another user (`as` in the kubeconfig).
    """

    client: ApiClient
    host: str
    namespace: str
    impersonation: tuple[tuple[str, str], ...] = ()


def connect(place: Place, project_namespace: str | None) -> Connection:
    """Return a connection.

    Args:
        place: The context and namespace that the user chose.
        project_namespace: The namespace in the project's settings, or None.

    Raises:
        ConfigError: There is no kubeconfig, it cannot be read, or it has no such context.
    """
    from kubernetes import client

    _check_namespace(place.namespace, project_namespace)
    configuration = client.Configuration()
    context = _load(configuration, place.context)
    namespace = place.namespace or project_namespace or str(context.get("namespace") or "default")
    if not configuration.verify_ssl:
        # The user chose this in the kubeconfig, and a warning at each request would not help.
        disable_warnings(InsecureRequestWarning)
    configuration.retries = False  # `exchange` decides about retries
    _strip_token(configuration)
    impersonation = tuple(_impersonation(_user(context.get("user"))))
    api = client.ApiClient(configuration)
    return Connection(api, str(configuration.host), namespace, impersonation)


def _strip_token(configuration: Any) -> None:
    """Remove the newline at the end of most token files, now and at each refresh of the token."""
    refresh = configuration.refresh_api_key_hook

    def strip(current: Any) -> None:
        if refresh:
            refresh(current)  # it installs itself as the hook again
            current.refresh_api_key_hook = strip
        if token := current.api_key.get("BearerToken"):
            current.api_key["BearerToken"] = token.strip()

    strip(configuration)
    configuration.refresh_api_key_hook = strip if refresh else None


def _user(name: str | None) -> Mapping[str, Any]:
    """Return the kubeconfig's entry of a user, or an empty mapping."""
    for file in _files():
        for entry in (yaml.safe_load(file.read_text("utf-8")) or {}).get("users") or ():
            if entry.get("name") == name:
                return entry.get("user") or {}
    return {}


def _impersonation(user: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the headers of https://kubernetes.io/docs/reference/access-authn-authz/user-impersonation/.

    The Kubernetes client ignores `as`, and would act with the rights of the real user.
    """
    if user.get("as"):
        yield "Impersonate-User", str(user["as"])
    if user.get("as-uid"):
        yield "Impersonate-Uid", str(user["as-uid"])
    for group in user.get("as-groups") or ():
        yield "Impersonate-Group", str(group)
    for key, values in (user.get("as-user-extra") or {}).items():
        for value in values:
            yield f"Impersonate-Extra-{quote(str(key), safe='')}", str(value)


def _check_namespace(given: str | None, project_namespace: str | None) -> None:
    if given is None:
        return
    try:
        namespace_name(given)
    except ValueError as error:
        raise ConfigError(f"--namespace {given}: {error}") from None
    if project_namespace and given != project_namespace:
        raise ConfigError(
            f"--namespace {given}: the manifests are for {project_namespace}",
            hint="change namespace in [tool.ferryman.k8s], or omit it there",
        )


def _load(configuration: object, name: str | None) -> Mapping[str, Any]:
    """Load the kubeconfig into a configuration, and return the context: its user and namespace."""
    from kubernetes import config

    try:
        if _files():
            context = _context(name)
            with _logged_errors_raised():
                _untyped(config).load_kube_config(
                    _searched(), name, client_configuration=configuration
                )
            return context
        if name is None and "KUBERNETES_SERVICE_HOST" in os.environ:
            _untyped(config).load_incluster_config(client_configuration=configuration)
            return {"namespace": _POD_NAMESPACE.read_text("utf-8").strip()}
    except (config.ConfigException, yaml.YAMLError, *_MALFORMED) as error:
        raise ConfigError(
            f"the kubeconfig {os.environ.get('KUBECONFIG', '~/.kube/config')} cannot be used",
            cause=" ".join(str(error).split()),
            hint="`kubectl config view` shows what is in it",
        ) from None
    raise ConfigError(
        "there is no kubeconfig",
        cause=f"none of {', '.join(map(str, _candidates()))} is a file",
        hint="set KUBECONFIG, or log in to the cluster",
    )


@contextmanager
def _logged_errors_raised() -> Iterator[None]:
    """Raise an error that the client only logs: a credentials plugin gave no credentials.

    The client would continue as an anonymous user.

    Raises:
        ConfigError: The client logged an error.
    """
    messages: list[str] = []
    handler = logging.Handler(logging.ERROR)
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
    if messages:
        raise ConfigError(
            "the kubeconfig's plugin gave no credentials",
            cause=" ".join(messages[0].split()),
            hint="is it installed, and are you logged in?",
        )


def _context(wanted: str | None) -> Mapping[str, Any]:
    """Return a context of the kubeconfig, by default the current context.

    Raises:
        ConfigError: There is no such context.
    """
    from kubernetes import config

    contexts, active = _untyped(config).list_kube_config_contexts(_searched())
    by_name = {context["name"]: context for context in contexts}
    name = wanted or active["name"]
    if name not in by_name:
        raise ConfigError(
            f"--context {name}: the kubeconfig has no such context",
            cause=f"its contexts are {', '.join(by_name)}",
        )
    context: Mapping[str, Any] = by_name[name]["context"]
    return context


def _untyped(module: Any) -> Any:
    """Return a module whose functions have no type annotations."""
    return module


def _candidates() -> list[Path]:
    named = os.environ.get("KUBECONFIG")
    places = named.split(os.pathsep) if named else ["~/.kube/config"]
    return [Path(place).expanduser() for place in places if place]


def _searched() -> str:
    # Without this argument the client uses the value of KUBECONFIG at the time of its import.
    return os.pathsep.join(map(str, _files()))


def _files() -> list[Path]:
    return [path for path in _candidates() if path.is_file()]
