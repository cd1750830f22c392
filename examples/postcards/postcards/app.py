"""Puts the application together."""

import logging

from aiohttp import web

from postcards import __version__, api, diagnostics, files, pages, pictures, stream, wall
from postcards.office import open_office
from postcards.problems import explain
from postcards.seeds import seed
from postcards.session import load_visitor
from postcards.settings import SETTINGS, Settings
from postcards.storage import open_storage

logger = logging.getLogger(__name__)


def create_app(settings: Settings | None = None) -> web.Application:
    """Make the application; without settings, with those of the environment."""
    settings = settings or Settings()
    tidy_paths = web.normalize_path_middleware(append_slash=False, remove_slash=True)
    app = web.Application(
        client_max_size=settings.max_upload,
        middlewares=[tidy_paths, explain(pages.problem), load_visitor],
    )
    app[SETTINGS] = settings
    app.cleanup_ctx.extend([open_storage, open_office])
    app.on_startup.extend([warn_of_public_secret, seed])
    app.on_response_prepare.extend([name_version, files.keep_current])
    for module in (wall, pictures, stream, diagnostics):
        app.add_routes(module.routes)
    app.router.add_static(files.PREFIX, files.STATIC)
    app.add_subapp("/api", api.create_api())
    return app


async def warn_of_public_secret(app: web.Application) -> None:
    """Warn if sessions are signed with a secret that everybody knows."""
    if "secret" not in app[SETTINGS].model_fields_set:
        logger.warning("sessions can be forged: POSTCARDS_SECRET is not set")


async def name_version(_request: web.Request, response: web.StreamResponse) -> None:
    """Name the version in every answer.

    A signal and not a middleware: when a middleware sees a stream, the headers are gone.
    """
    response.headers["X-Postcards-Version"] = __version__
