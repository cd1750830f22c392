"""The options that a service adds to the verbs on what is deployed."""

from __future__ import annotations

from ferryman.targets.aws_place import AWS_OPTIONS
from ferryman.targets.deployment import VerbOption

__all__ = ("VERB_OPTIONS",)

VERB_OPTIONS = (
    *AWS_OPTIONS,
    VerbOption(
        ("--image",),
        "Deploy this image of a registry in place of a new build.",
        verbs=("deploy", "diff"),
        metavar="URI",
    ),
    VerbOption(
        ("--stack-only",),
        "Write the stack's template to dist/stack.json, to review it, and stop.",
        verbs=("deploy",),
        switch=True,
    ),
)
