"""The options that a function adds to the verbs on what is deployed."""

from __future__ import annotations

from ferryman.targets.aws_place import AWS_OPTIONS
from ferryman.targets.deployment import VerbOption

__all__ = ("VERB_OPTIONS",)

VERB_OPTIONS = (
    *AWS_OPTIONS,
    VerbOption(
        ("--direct",),
        "Replace the code alone, without CloudFormation: six calls, five permissions.",
        verbs=("deploy", "policy"),
        switch=True,
    ),
    VerbOption(
        ("--canary",),
        "Give the new version this share of the requests, judge it, then all or none.",
        verbs=("deploy", "policy"),
        metavar="PERCENT",
    ),
    VerbOption(
        ("--zip",), "Deploy this zip in place of a new build.", ("deploy", "diff"), metavar="FILE"
    ),
    VerbOption(
        ("--bucket",), "The bucket that gets the zip.", ("deploy", "diff", "policy"), metavar="NAME"
    ),
)
