"""What an app meets on a target that it would not on a plain server, in a few lines."""

from __future__ import annotations

from ferryman.core.build.project import Project

__all__ = ("differences",)

_LACKING = {
    "streaming": "responses reach the client whole, not as they are written",
    "websockets": "WebSockets cannot be opened",
    "work_after_response": "nothing runs between requests, for the environment is frozen",
}


def differences(target: str, project: Project, source: str) -> list[str]:
    """Return a line for each difference.

    Args:
        target: The name of the target.
        project: The project, whose options may turn streaming on.
        source: The event source in front of Lambda.

    Raises:
        ConfigError: There is no such event source.
    """
    if target != "lambda":
        return []
    from ferryman.targets.lambda_.local.carrying import losses, offered_behind
    from ferryman.targets.lambda_.options import LambdaOptions

    streaming = project.section("lambda", LambdaOptions).streaming
    offered = offered_behind(source, streaming=streaming)
    lines = [text for name, text in _LACKING.items() if not getattr(offered, name)]
    if offered.response_limit is not None:
        lines.append(f"a response holds at most {offered.response_limit:,} bytes")
    lost = [loss.what.partition(":")[0] for loss in losses(source)]
    return [*lines, f"{source} does not carry {'; '.join(lost)}"] if lost else lines
