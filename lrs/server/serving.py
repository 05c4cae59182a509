"""A server process of its own: its socket, its TLS, its signals, its end."""

from __future__ import annotations

import ipaddress
import resource
import signal
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import uvicorn

from lrs.collection import collect_seldom
from lrs.errors import ConfigurationError
from lrs.server.application import Application
from lrs.server.connection import Connection
from lrs.server.logs import start_logging

if TYPE_CHECKING:
    from lrs.engine import LRS
    from lrs.server.request import Receive, Scope, Send

_GRACE = 60
_BACKLOG = 2048


def _prefix(text: str) -> str:
    text = text.strip("/")
    return f"/{text}" if text else ""


@attrs.frozen(kw_only=True)
class Listening:
    """Where and how a server listens; checked when it is made.

    ``root_path`` is the prefix under which a proxy shows the server. Without a certificate only this machine, or a proxy that the operator
    vouches for, may send what would cross the network in the clear.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    tls_cert: Path | None = None
    tls_key: Path | None = None
    behind_proxy: bool = False
    root_path: str = attrs.field(default="", converter=_prefix)

    def __attrs_post_init__(self) -> None:
        if (self.tls_cert is None) != (self.tls_key is None):
            raise ConfigurationError("a certificate and its key belong together", hint="Give both --tls-cert and --tls-key.")
        for file in (self.tls_cert, self.tls_key):
            if file is not None and not file.is_file():
                raise ConfigurationError(f"the TLS file {file} is not there")
        if self.tls_cert is None and not self.behind_proxy and not is_loopback(self.host):
            raise ConfigurationError(
                f"plain HTTP on {self.host} would send names and passwords readably over the network",
                hint="Give --tls-cert and --tls-key, or --behind-proxy if a proxy on this host ends TLS, or listen on 127.0.0.1.",
            )

    @property
    def scheme(self) -> str:
        """``http`` or ``https``."""
        return "http" if self.tls_cert is None else "https"


def is_loopback(host: str) -> bool:
    """Tell whether a host can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def serve(store: LRS, listening: Listening, *, started: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way, and return.

    ``started`` gets the server's address once it listens. Closing the store is the caller's. Runs in the main thread.
    """
    forbid_core_dumps()
    access = start_logging()
    collect_seldom()
    opened = _bind(listening)
    address = f"{listening.scheme}://{_shown(listening.host)}:{opened.getsockname()[1]}{listening.root_path}"
    server = _Server(_config(Application(store, access), listening), lambda: started(address))
    # uvicorn raises the signal again when it is done, which would end the process before the store is closed.
    kept = {number: signal.signal(number, server.handle_exit) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        server.run(sockets=[opened])
    finally:
        opened.close()
        for number, handler in kept.items():
            signal.signal(number, handler)


def forbid_core_dumps() -> None:
    """Keep keys and identities from being written to disk if the process crashes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class Prefixed:
    """An application under a prefix, whether or not the proxy in front takes the prefix off."""

    def __init__(self, application: Application, prefix: str) -> None:
        self._application = application
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell the application its prefix."""
        await self._application({**scope, "root_path": self._prefix}, receive, send)


class _Server(uvicorn.Server):
    """uvicorn, which says when it listens."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_started()


def _config(application: Application, listening: Listening) -> uvicorn.Config:
    return uvicorn.Config(
        Prefixed(application, listening.root_path) if listening.root_path else application,
        interface="asgi3",
        http=Connection,
        lifespan="off",
        ws="none",
        ssl_certfile=listening.tls_cert,
        ssl_keyfile=listening.tls_key,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        timeout_graceful_shutdown=_GRACE,
    )


def _bind(listening: Listening) -> socket.socket:
    family = socket.AF_INET6 if ":" in listening.host else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        opened.bind((listening.host, listening.port))
    except OSError as error:
        opened.close()
        raise ConfigurationError(
            f"can't listen on {_shown(listening.host)}:{listening.port}: {error.strerror}",
            hint="Choose another --port, or stop what listens there.",
        ) from None
    return opened


def _shown(host: str) -> str:
    return f"[{host}]" if ":" in host else host
