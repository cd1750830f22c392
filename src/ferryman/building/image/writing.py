"""Builds an image without a container tool, and writes it into a directory.

The order of work: the interpreter, the contents above it, the layers, the documents. The modules
beside this one make the decisions of each step.
"""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ferryman.building.artifact import Artifact, describe, staged
from ferryman.building.cache import cached, digest_of
from ferryman.building.image.contents import Contents, image_layers, prepare_contents
from ferryman.building.image.image_options import ImageOptions
from ferryman.building.image.interpreter import Python, open_interpreter, this_interpreter
from ferryman.building.image.labels import date_of_build, label_image, written
from ferryman.building.image.layout import (
    write_docker_archive,
    write_layout,
    write_oci_archive,
)
from ferryman.building.image.manifest import Built, Image, Index, render_image, render_index
from ferryman.building.image.plan import ImagePlan
from ferryman.building.image.pushing import check_reference, push_image
from ferryman.building.image.root import Root, root_layer
from ferryman.building.image.sbom import need_cyclonedx, render_sbom
from ferryman.core.errors import BuildError, ConfigError
from ferryman.project.project import Project
from ferryman.records.version import ferryman_version

__all__ = ("choose_interpreters", "write_image")

Progress = Callable[[str], None]

_LAYOUT = "image"
_SBOM = "sbom.cdx.json"


def choose_interpreters(project: Project, options: ImageOptions) -> tuple[Python, ...]:
    """Return the interpreters that a project's images hold, one for each processor.

    Raises:
        ConfigError: An interpreter is missing, of another version, or for the same processor as
            another.
    """
    minor = project.fields.python
    if not options.interpreters:
        return (this_interpreter(minor),)
    found: dict[str, Python] = {}
    for path in options.interpreters:
        python = open_interpreter(project.root / path, minor)
        other = found.setdefault(python.machine, python)
        if other is not python:
            raise ConfigError(
                f"two interpreters are for {python.machine}",
                cause=f"{other.program} and {python.program}",
                hint="name one for each processor",
            )
    return tuple(found.values())


def write_image(
    project: Project,
    target: str,
    plan: ImagePlan,
    interpreters: Sequence[Python],
    out: Path,
    progress: Progress,
) -> Artifact:
    """Write an image into the directory `out`, completely or not at all.

    Args:
        project: The project.
        target: The target's name.
        plan: The target's plan of its image.
        interpreters: The interpreters of the images, one for each processor.
        out: The directory.
        progress: Called with each step.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or no wheels fit.
        BuildError: A part could not be fetched, compiled or written.
    """
    fields = project.fields
    need_cyclonedx()
    if plan.options.push:
        check_reference(plan.options.push)
    try:
        with staged(out) as stage, tempfile.TemporaryDirectory(dir=stage.parent) as scratch:
            built, contents = _build(project, plan, interpreters, Path(scratch), progress)
            progress("writing the image")
            write_layout(built.image, stage / _LAYOUT, fields.name, fields.version)
            for name, text in _sbom_files(built):
                (stage / name).write_text(text, encoding="utf-8")
            place = _archive(plan.options, built.image, stage, project)
            if plan.options.push:
                push_image(built, plan.options.push, progress)
    except OSError as error:
        raise BuildError(
            f"the image could not be written to {out}",
            cause=error.strerror or str(error),
            hint="free some disk space" if error.errno == errno.ENOSPC else None,
        ) from error
    described = describe(
        target=target,
        name=fields.name,
        version=fields.version,
        path=out / place,
        start=" ".join(("python", "-m", plan.module)),
        left_out=contents[0].left_out,
    )
    layers = [layer for image in built.images for layer in image.layers]
    verdicts = [each.verdict for each in contents]
    return replace(
        described,
        digest=built.document.digest,
        unpacked=sum(layer.unpacked for layer in layers),
        layers=tuple(layer.digest for layer in layers),
        lacks=tuple(dict.fromkeys(note for verdict in verdicts for note in verdict.notes)),
        tried="; ".join(dict.fromkeys(verdict.tried for verdict in verdicts)),
        runs_on=f"Python {fields.python}, {' and '.join(each.machine for each in interpreters)}",
        next=_next_commands(plan.options, out / place, f"{fields.name}:{fields.version}"),
    )


def _next_commands(options: ImageOptions, path: Path, name: str) -> tuple[tuple[str, ...], ...]:
    """Return the commands that push an image that was not pushed, or load it here."""
    if options.push:
        return ()
    if options.archive == "docker":
        return (("docker", "load", "--input", str(path)), ("docker", "push", name))
    kind = "oci-archive" if options.archive == "oci" else "oci"
    return (("skopeo", "copy", f"{kind}:{path}", f"docker://REGISTRY/{name}"),)


def _build(
    project: Project,
    plan: ImagePlan,
    interpreters: Sequence[Python],
    scratch: Path,
    progress: Progress,
) -> tuple[Built, tuple[Contents, ...]]:
    date = date_of_build()
    labels = label_image(project, date)
    images, sboms, contents = [], {}, []
    for python in interpreters:
        place = scratch / python.machine
        place.mkdir()
        image, sbom, held = _build_one(project, plan, python, labels, place, progress, date)
        images.append(image)
        sboms[image.manifest.digest] = sbom
        contents.append(held)
    whole = images[0] if len(images) == 1 else render_index(images, labels)
    return Built(whole, sboms), tuple(contents)


def _build_one(
    project: Project,
    plan: ImagePlan,
    python: Python,
    labels: Mapping[str, str],
    scratch: Path,
    progress: Progress,
    date: int,
) -> tuple[Image, str, Contents]:
    root = Root(python)
    contents = prepare_contents(project, plan, python, scratch, progress)
    progress(f"packing layers for {python.machine}")
    layers = (
        root_layer(root, scratch),
        *image_layers(contents, root, plan, scratch, date),
    )
    image = render_image(plan, python.machine, layers, labels, written(date))
    named = (project.fields.name, project.fields.version)
    trees = (contents.shared.tree, contents.own.tree, contents.app)
    # Above these layers are the project's files, and packages of this machine.
    below = [layer.digest for layer in layers[:3]]
    local = sorted(path.name for path in contents.app.glob("*.dist-info"))
    key = digest_of(ferryman_version(), *named, date, below, local)

    def write_sbom(directory: Path) -> None:
        (directory / _SBOM).write_text(render_sbom(*named, root, trees, date), encoding="utf-8")

    kept = cached("sboms", key, write_sbom, scratch)
    return image, (kept / _SBOM).read_text(encoding="utf-8"), contents


def _archive(options: ImageOptions, image: Image | Index, stage: Path, project: Project) -> str:
    """Put the layout into one file if asked to, and return the artifact's name."""
    if options.archive == "directory":
        return _LAYOUT
    layout, name, tag = stage / _LAYOUT, project.fields.name, project.fields.version
    path = stage / f"{name}.{options.archive}.tar"
    if options.archive == "oci":
        write_oci_archive(layout, path)
    elif isinstance(image, Index):
        raise ConfigError(
            "docker loads an image for one processor, and this is for several",
            hint="pass --archive oci, or name one interpreter",
        )
    else:
        write_docker_archive(layout, path, image, name, tag)
    shutil.rmtree(layout)
    return path.name


def _sbom_files(built: Built) -> Iterable[tuple[str, str]]:
    """Yield the name and the text of each bill of materials of an image."""
    for image in built.images:
        prefix = f"{image.architecture}." if len(built.images) > 1 else ""
        yield f"{prefix}{_SBOM}", built.sboms[image.manifest.digest]
