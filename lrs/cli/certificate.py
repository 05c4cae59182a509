"""Whether a TLS certificate and its key can serve, and until when."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from pathlib import Path

from lrs.errors import ConfigurationError


def valid_until(certificate: Path, key: Path) -> datetime:
    """Try the pair on a connection in memory and give the certificate's end; raises :class:`lrs.errors.ConfigurationError`."""
    try:
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.load_cert_chain(certificate, key)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client.check_hostname = False
        client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        client.load_verify_locations(certificate)
        shown = _handshake(server, client)
    except ssl.SSLError as error:
        reason = getattr(error, "verify_message", "") or error.reason or "not a certificate and its key"
        raise ConfigurationError(
            f"the TLS certificate {certificate} can't serve: {reason}", hint="Renew it, or give the key that belongs to it."
        ) from None
    except OSError as error:
        raise ConfigurationError(f"the TLS files can't be read: {error.strerror}") from None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(shown), UTC)


def _handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> str:
    """Let the two meet in memory and give the end date that the client saw."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    serving = server.wrap_bio(to_server, to_client, server_side=True)
    asking = client.wrap_bio(to_client, to_server)
    for _ in range(10):
        for side in (asking, serving):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
        seen = asking.getpeercert() if asking.version() else None
        if seen:
            return str(seen["notAfter"])
    raise ssl.SSLError("no handshake")
