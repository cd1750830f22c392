"""The differences between a target and a plain server, in a few lines."""

from __future__ import annotations

from ferryman.project.project import Project
from ferryman.records.wording import size_text

__all__ = ("differences",)

_LACKING = {
    "streaming": "responses reach the client whole, not as they are written",
    "websockets": "WebSockets cannot be opened",
    "work_after_response": "nothing runs between requests, because the environment is frozen",
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
    from ferryman.local.lambda_.event_source_capabilities import losses, offered_behind
    from ferryman.targets.lambda_.options import LambdaOptions

    options = project.section("lambda", LambdaOptions)
    offered = offered_behind(source, streaming=options.streaming)
    lines = [text for name, text in _LACKING.items() if not getattr(offered, name)]
    if offered.response_limit is not None:
        lines.append(f"a response has at most {size_text(offered.response_limit)}")
    if not options.log_level:
        lines.append("log records below WARNING are not written, unless log_level says so")
    lost = [loss.what.partition(":")[0] for loss in losses(source)]
    return [*lines, f"{source} does not carry {'; '.join(lost)}"] if lost else lines
