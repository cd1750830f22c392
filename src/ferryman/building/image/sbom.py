"""The bill of materials of an image, as CycloneDX 1.6: each component with its version."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from importlib.metadata import Distribution
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from ferryman.building.cache import digest_of
from ferryman.building.image.libraries import LIBC, glibc_version
from ferryman.building.image.root import Root
from ferryman.building.import_lock import IMPORTING
from ferryman.core.errors import ConfigError
from ferryman.records.version import ferryman_version

if TYPE_CHECKING:
    from cyclonedx.model.component import Component

__all__ = ("SBOM_TYPE", "need_cyclonedx", "render_sbom")

SBOM_TYPE = "application/vnd.cyclonedx+json"

_OPENSSL = re.compile(rb"OpenSSL (\d+\.\d+\.\d+[a-z]?) ")


def need_cyclonedx() -> None:
    """Check that a bill of materials can be written.

    Raises:
        ConfigError: cyclonedx-python-lib is not installed.
    """
    if find_spec("cyclonedx") is None:
        raise ConfigError(
            "cyclonedx-python-lib is not installed",
            hint="pip install 'ferryman[build]', which brings it",
        )


def render_sbom(name: str, version: str, root: Root, trees: Iterable[Path], date: int) -> str:
    """Return the bill of materials; the same contents give the same text.

    Args:
        name: The project's name.
        version: The project's version.
        root: The contents of the image's first layer.
        trees: The directories of packages above it.
        date: When it was made, in seconds since 1970.
    """
    with IMPORTING:
        from cyclonedx.model.bom import Bom, BomMetaData
        from cyclonedx.model.component import Component, ComponentType
        from cyclonedx.model.tool import ToolRepository
        from cyclonedx.output.json import JsonV1Dot6
    components = (
        *_system(root),
        *(_package(one) for tree in trees for one in _distributions(tree)),
        *(_library(library, path) for library, path in sorted(root.libraries.items())),
    )
    image = Component(name=name, version=version, type=ComponentType.CONTAINER, bom_ref="image")
    ferryman = Component(
        name="ferryman", version=ferryman_version(), type=ComponentType.APPLICATION
    )
    named = [[one.name, one.version, sorted(h.content for h in one.hashes)] for one in components]
    bom = Bom(
        # Otherwise both would differ in each build.
        serial_number=uuid5(NAMESPACE_URL, digest_of(name, version, named)),
        metadata=BomMetaData(
            component=image,
            timestamp=datetime.fromtimestamp(date, UTC),
            tools=ToolRepository(components=[ferryman]),
        ),
        components=components,
    )
    bom.register_dependency(image, components)
    return JsonV1Dot6(bom).output_as_string(indent=2) + "\n"


def _distributions(tree: Path) -> Iterator[Distribution]:
    return (Distribution.at(path) for path in sorted(tree.glob("*.dist-info")))


def _package(one: Distribution) -> Component:
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import LicenseExpression
    from packageurl import PackageURL
    from packaging.utils import canonicalize_name

    purl = PackageURL("pypi", name=canonicalize_name(one.name), version=one.version)
    expressions = one.metadata.get_all("License-Expression") or []
    return Component(
        name=one.name,
        version=one.version,
        purl=purl,
        bom_ref=str(purl),
        licenses=[LicenseExpression(value=text) for text in expressions],
    )


def _system(root: Root) -> Iterator[Component]:
    """Yield components that scanners know by other names than PyPI's."""
    yield _known("python", "python", root.python.version)
    libc, crypto = root.libraries.get(LIBC), root.libraries.get("libcrypto.so.3")
    if libc and (version := glibc_version(libc)):
        yield _known("gnu", "glibc", ".".join(map(str, version)))
    if crypto and (found := _OPENSSL.search(crypto.read_bytes())):
        yield _known("openssl", "openssl", found[1].decode())


def _known(vendor: str, name: str, version: str) -> Component:
    from cyclonedx.model.component import Component
    from packageurl import PackageURL

    purl = PackageURL("generic", name=name, version=version)
    cpe = f"cpe:2.3:a:{vendor}:{name}:{version}:*:*:*:*:*:*:*"
    return Component(name=name, version=version, cpe=cpe, purl=purl, bom_ref=str(purl))


def _library(name: str, path: Path) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    digest = sha256(path.read_bytes()).hexdigest()
    return Component(
        name=name,
        type=ComponentType.FILE,
        bom_ref=f"file:{name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)],
    )
