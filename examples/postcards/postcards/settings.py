"""What can be set from outside, through environment variables named POSTCARDS_*."""

from aiohttp import web
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The settings of one application.

    Attributes:
        title: The name of the wall, shown on every page.
        secret: Signs the session cookie. The default is public: set your own.
        max_upload: The largest request body, in bytes.
        secure_cookies: Whether browsers may send the cookies over HTTPS only.
        cache: The URL of what keeps cards and sessions: `redis://` or another that processes
            share; by default memory, of each process for itself. It may hold a password.
        event_pause: The wait between two server-sent events, in seconds.
    """

    model_config = SettingsConfigDict(env_prefix="POSTCARDS_", frozen=True)

    title: str = "Postcards"
    secret: SecretStr = SecretStr("everybody knows this one")
    max_upload: int = Field(32 * 1024, gt=0)
    secure_cookies: bool = False
    cache: SecretStr = SecretStr("memory://")
    event_pause: float = Field(0, ge=0)


SETTINGS = web.AppKey("settings", Settings)
