"""The endpoint addresses of AWS services."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ("endpoint", "region_of")


def endpoint(service: str, region: str, environment: Mapping[str, str]) -> str:
    """Return the address of a service.

    Args:
        service: Its name in addresses, such as `dynamodb`.
        region: The region.
        environment: The environment; it may give another address in `AWS_ENDPOINT_URL_<SERVICE>` or
            `AWS_ENDPOINT_URL`, as for AWS's own SDKs.
    """
    variable = f"AWS_ENDPOINT_URL_{service.upper().replace('-', '_')}"
    if other := environment.get(variable) or environment.get("AWS_ENDPOINT_URL"):
        return other.rstrip("/")
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://{service}.{region}.{suffix}"


def region_of(environment: Mapping[str, str]) -> str | None:
    """Return the region that an environment names, or None."""
    return environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or None
