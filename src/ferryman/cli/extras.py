"""Finds the extra of ferryman that installs a missing package."""

from __future__ import annotations

import sys

from ferryman.core.errors import ConfigError

__all__ = ("EXTRAS", "missing_extra")

EXTRAS = {
    **dict.fromkeys(("awslambdaric",), "lambda"),
    **dict.fromkeys(("gunicorn",), "server"),
    **dict.fromkeys(("jsonschema", "kubernetes", "kubernetes_validate", "referencing"), "k8s"),
    **dict.fromkeys(("matplotlib", "numpy"), "cost"),
    **dict.fromkeys(("cyclonedx", "oras", "packageurl", "uv"), "build"),
    **dict.fromkeys(("boto3", "botocore"), "aws"),
    **dict.fromkeys(("watchfiles",), "dev"),
    **dict.fromkeys(("opentelemetry",), "otel"),
}
"""The extra that installs each package, by the name of its module."""


def missing_extra(error: ModuleNotFoundError) -> ConfigError | None:
    """Return the error that names the extra to install; None if no extra has the package.

    Args:
        error: The error of the import.
    """
    module = (error.name or "").partition(".")[0]
    verb = sys.argv[1] if len(sys.argv) > 1 else ""
    extra = EXTRAS.get(module)
    if module == "yaml":  # two extras have it
        extra = "cost" if verb in ("cost", "measure") else "k8s"
    if extra is None:
        return None
    return ConfigError(
        f"`ferryman {verb}` needs packages that are not installed",
        cause=f"there is no module {module}",
        hint=f"pip install 'ferryman[{extra}]'",
    )
