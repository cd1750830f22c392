"""Queries CloudWatch Logs Insights, through boto3, for the log group of a function."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import click

from ferryman.cli.cost.values import a_period
from ferryman.core.errors import FerrymanError
from ferryman.cost.traffic.insights import MINUTES, SUMMARY, from_insights, slices
from ferryman.cost.traffic.log_summary import LogSummary

__all__ = ("ask_insights",)

PAUSE = 0.5
"""Seconds between two polls of a query."""

PATIENCE = 900.0
"""Seconds after which to give up a query; AWS ends one after an hour."""

_UNITS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def ask_insights(group: str, since: str, region: str | None, profile: str | None) -> LogSummary:
    """Return the workload figures in a function's log group.

    Args:
        group: The log group's name, such as ``/aws/lambda/shop``.
        since: How far back to read, such as ``7d``.
        region: An AWS region; ``None`` for that of the profile.
        profile: An AWS profile; ``None`` for the usual one.

    Raises:
        ConfigError: ``since`` is not a length of time, or there were no invocations.
        FerrymanError: AWS refuses the query.
        ModuleNotFoundError: boto3 is not installed; the command line names the extra.
    """
    length = _seconds(since)
    # The current minute is incomplete, and would look like a quiet one.
    end = int(time.time()) // 60 * 60
    start = end - length
    from boto3 import Session  # type: ignore[import-untyped]
    from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

    click.echo(f"asking CloudWatch about {group}, the last {since}", err=True)
    try:
        client = Session(profile_name=profile, region_name=region).client("logs")
        summary = list(_query(client, group, SUMMARY, start, end - 1))
        minutes = [
            row for part in slices(start, end) for row in _query(client, group, MINUTES, *part)
        ]
    except (BotoCoreError, ClientError) as error:
        raise FerrymanError(
            f"{group}: CloudWatch Logs Insights cannot be queried",
            cause=str(error),
            hint="--region and --profile choose the account; logs:StartQuery and"
            " logs:GetQueryResults are needed",
        ) from error
    return from_insights(group, summary, minutes)


def _seconds(text: str) -> int:
    period = a_period("--since", text)
    return int(period[:-1]) * _UNITS[period[-1]]


def _query(client: Any, group: str, text: str, start: int, end: int) -> Iterator[dict[str, str]]:
    begun = client.start_query(
        logGroupName=group, startTime=start, endTime=end, queryString=text, limit=10_000
    )
    deadline = time.monotonic() + PATIENCE
    answer = client.get_query_results(queryId=begun["queryId"])
    while answer["status"] in ("Scheduled", "Running", "Unknown"):
        if time.monotonic() > deadline:
            raise FerrymanError(
                f"{group}: the query takes more than {PATIENCE / 60:.0f} minutes",
                hint="ask for less, with --since 1d",
            )
        time.sleep(PAUSE)
        answer = client.get_query_results(queryId=begun["queryId"])
    if answer["status"] != "Complete":
        raise FerrymanError(f"{group}: the query ended as {answer['status']}")
    for row in answer["results"]:
        yield {cell["field"]: cell["value"] for cell in row}
