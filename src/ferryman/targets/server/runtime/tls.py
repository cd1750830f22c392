"""The server's certificate.

Each worker reads it at its start, so a rolling restart loads a new certificate.
"""

from __future__ import annotations

import ssl

from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("tls_context",)


def tls_context(settings: ServerSettings) -> ssl.SSLContext | None:
    """Return the TLS context of the listeners (TLS 1.2 or 1.3); None without a certificate.

    Raises:
        ConfigError: The certificate or its key cannot be read, or they do not match.
    """
    if settings.certificate is None or settings.private_key is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password, OpenSSL would ask for one on the terminal in every process.
        context.load_cert_chain(settings.certificate, settings.private_key, _no_password)
    except OSError as error:  # includes SSLError
        raise ConfigError(
            f"the certificate {settings.certificate} with the key {settings.private_key} "
            "cannot be used",
            cause=str(error),
            hint="certificate takes the chain and private_key its key, both as PEM",
        ) from error
    return context


def _no_password() -> bytes:
    raise ConfigError(
        "private_key is encrypted, and the server cannot ask for its password",
        hint="take the password off: openssl pkey -in KEY -out NEW, readable by the server alone",
    )
