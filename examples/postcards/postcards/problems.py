"""What went wrong with a request, and the middleware that says so instead of an exception."""

from collections.abc import Callable, Mapping
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware
from pydantic import ValidationError

from ferryman.cache import CacheUnavailable
from postcards.storage import CardMissing

DETAILS = {
    401: "Sign in first.",
    404: "Nothing hangs at this address.",
    405: "This address does not take that method.",
    413: "That is more than we can carry.",
}


class Problem(Exception):
    """Something that the client can put right.

    Args:
        status: The status of the answer.
        detail: What is wrong, in one sentence.
        fields: What is wrong with each field, where fields are to blame.
    """

    def __init__(self, status: int, detail: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.fields = dict(fields or {})

    @property
    def title(self) -> str:
        """The name of the status."""
        return HTTPStatus(self.status).phrase


def find_problem(error: Exception) -> Problem | None:
    """Say an exception in the words of a Problem; None for one that is nobody's to explain."""
    match error:
        case Problem():
            return error
        case CardMissing():
            return Problem(404, str(error))
        case ValidationError():
            fields = {".".join(map(str, one["loc"])): one["msg"] for one in error.errors()}
            return Problem(422, "Some fields are not as they should be.", fields)
        case web.RequestPayloadError():
            return Problem(400, "The body is broken.")
        case CacheUnavailable():
            return Problem(503, "Our cupboard is locked. Try again in a moment.")
        case TimeoutError():
            return Problem(504, "That took too long.")
        case web.HTTPException(status=status) if status >= 400:
            return Problem(status, DETAILS.get(status, error.reason))
    return None


def explain(render: Callable[[web.Request, Problem], web.Response]) -> Middleware:
    """Make a middleware that answers with a rendered Problem where a handler raises one.

    Redirects pass through it, and so does an exception nobody foresaw: aiohttp logs
    that one and answers 500.
    """

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Exception as error:
            problem = find_problem(error)
            if problem is None:
                raise
            response = render(request, problem)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers[hdrs.ALLOW] = error.headers[hdrs.ALLOW]
            if isinstance(error, web.RequestPayloadError):
                # aiohttp closes the connection after such a body; this tells the client.
                response.force_close()
            return response

    return middleware
