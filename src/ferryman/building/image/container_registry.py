"""A repository of a registry: finds and uploads blobs and manifests.

oras signs in, with docker's own credentials, and speaks HTTP; plain HTTP on loopback alone.
Documents are sent byte for byte, because their digests are their names. Source: the OCI
distribution specification 1.1.
"""

from __future__ import annotations

import os
from inspect import unwrap
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from ferryman.building.image.manifest import Blob
from ferryman.building.import_lock import IMPORTING
from ferryman.core.errors import BuildError, ConfigError

if TYPE_CHECKING:
    from requests import Response

__all__ = ("Repository", "resolve_digest")

# Docker Hub has one name in references, one for its API, and one in credentials.
_HUB = "docker.io"
_HUB_API = "registry-1.docker.io"
_HUB_CREDENTIALS = "https://index.docker.io/v1/"

_MANIFESTS = ", ".join(
    (
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


class Repository:
    """A repository, signed in to.

    Args:
        reference: `REGISTRY/NAME:TAG`, or `NAME:TAG` of Docker Hub.

    Raises:
        ConfigError: The reference is malformed, or oras is not installed.
        BuildError: The registry cannot be reached, or requires missing credentials.
    """

    def __init__(self, reference: str) -> None:
        try:
            with IMPORTING:
                from oras.container import Container
                from oras.provider import Registry
        except ImportError:
            raise ConfigError(
                "oras is not installed", hint="pip install 'ferryman[build]', which brings it"
            ) from None
        try:
            place = Container(reference, registry=_HUB)
        except ValueError:
            raise _no_reference(reference) from None
        self.host, self.tag = str(place.registry), str(place.tag)
        self.credentials = _HUB_CREDENTIALS if self.host == _HUB else self.host
        if self.host == _HUB:
            place.registry = _HUB_API
            place.namespace = place.namespace or "library"
        insecure = _is_loopback(self.host)
        self._base = f"http{'' if insecure else 's'}://{place.registry}/v2/"
        self._name = str(place.api_prefix)
        backend = self._backend(Registry(insecure=insecure))
        self._registry = Registry(insecure=insecure, auth_backend=backend)
        place.registry = self.credentials
        self._registry.auth.load_configs(place, configs=_configurations())

    def _backend(self, registry: Any) -> str:
        """Return the registry's authentication method."""
        try:
            answer = registry.session.get(self._base, timeout=10)
        except OSError as error:
            raise self._unreachable(error) from None
        asked = answer.headers.get("Www-Authenticate", "")
        return "basic" if asked.lower().startswith("basic") else "token"

    def has(self, digest: str) -> bool:
        """Return whether the repository has a blob."""
        return self._ask("HEAD", f"blobs/{digest}", 200, 404).status_code == 200

    def send(self, digest: str, content: bytes | Path) -> bool:
        """Send a blob if the repository lacks it, and return whether it was sent.

        Raises:
            BuildError: The registry refused it.
        """
        if self.has(digest):
            return False
        data = content.read_bytes() if isinstance(content, Path) else content
        from oras.utils import append_url_params

        begun = self._ask("POST", "blobs/uploads/", 202, data=b"")
        place = append_url_params(urljoin(begun.url, begun.headers["Location"]), {"digest": digest})
        self._ask("PUT", place, 201, data=data, kind="application/octet-stream")
        return True

    def put(self, document: Blob, tag: str = "") -> Response:
        """Send a manifest or an index, under a tag or under its digest.

        Raises:
            BuildError: The registry refused it.
        """
        place = f"manifests/{tag or document.digest}"
        return self._ask("PUT", place, 201, data=document.content, kind=document.media_type)

    def manifest(self, tag: str, method: str = "GET") -> Response | None:
        """Return the manifest or index of a tag, or None if there is none."""
        answer = self._ask(method, f"manifests/{tag}", 200, 404, accept=_MANIFESTS)
        return answer if answer.status_code == 200 else None

    def _ask(
        self,
        method: str,
        place: str,
        *expected: int,
        data: bytes | None = None,
        kind: str = "",
        accept: str = "",
    ) -> Response:
        headers = {"Content-Type": kind, "Accept": accept}
        url = urljoin(f"{self._base}{self._name}/", place)
        # Without oras's retries, which take two minutes to report a wrong password.
        request = unwrap(type(self._registry).do_request)
        try:
            answer: Response = request(
                self._registry,
                url,
                method,
                data=data,
                headers={name: value for name, value in headers.items() if value},
            )
        except OSError as error:
            raise self._unreachable(error) from None
        except (AttributeError, ValueError):  # oras raises this without credentials
            raise self._refusal(401, "") from None
        if answer.status_code not in expected:
            raise self._refusal(answer.status_code, answer.text)
        return answer

    def _unreachable(self, error: OSError) -> BuildError:
        return BuildError(
            f"the registry {self.host} cannot be reached",
            cause=str(error),
            hint="check its name and the network",
        )

    def _refusal(self, status: int, text: str) -> BuildError:
        if status in (401, 403):
            return BuildError(
                f"the registry {self.host} refuses access to {self._name}",
                cause="the credentials for it are missing, or do not allow it",
                hint=f"docker login {self.host}: docker's config.json is read",
            )
        return BuildError(
            f"the registry {self.host} answered {status}", cause=" ".join(text.split())[:300]
        )


def resolve_digest(reference: str) -> str | None:
    """Return the digest of a reference in its registry, or None if the registry is unavailable.

    Raises:
        ConfigError: The reference is malformed, or oras is not installed.
    """
    try:
        repository = Repository(reference)
        answer = repository.manifest(repository.tag, "HEAD")
    except BuildError:
        return None
    return answer.headers.get("Docker-Content-Digest") if answer else None


def _is_loopback(host: str) -> bool:
    name = host.rpartition(":")[0] or host
    try:
        return ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return name == "localhost"


def _configurations() -> list[str]:
    """Return the paths of docker's configuration outside its usual place."""
    directory = os.environ.get("DOCKER_CONFIG", "")
    path = Path(directory, "config.json")
    return [str(path)] if directory and path.is_file() else []


def _no_reference(reference: str) -> ConfigError:
    return ConfigError(
        f"{reference!r} is not a name of an image", hint="such as ghcr.io/me/shop:1.2.3"
    )
