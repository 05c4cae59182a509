"""A server of its own: its socket, its signals, its end, and the process in front that speaks HTTP."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import resource
import signal
import socket
import ssl
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
from uvicorn.loops.auto import auto_loop_factory

from lrs.beside import start
from lrs.collection import collect_seldom
from lrs.errors import ConfigurationError
from lrs.server.application import Application
from lrs.server.backend import Backend
from lrs.server.logs import start_logging

if TYPE_CHECKING:
    from lrs.engine import LRS

_PAUSE = 1.0
"""Seconds until a process in front that has ended by itself is started again."""

_log = logging.getLogger("lrs.server")


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
    _check_tls(listening)
    application = Application(store, access)
    with _bind(listening) as opened, asyncio.Runner(loop_factory=auto_loop_factory()) as runner:
        address = f"{listening.scheme}://{_shown(listening.host)}:{opened.getsockname()[1]}{listening.root_path}"
        runner.run(_Serving(application, opened, listening, lambda: started(address)).run())


def forbid_core_dumps() -> None:
    """Keep keys and identities from being written to disk if the process crashes."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


class _Serving:
    """The process in front (:mod:`lrs.server.frontend`), as long as it is wanted: started, started again should it end by itself, and told to end."""

    def __init__(self, application: Application, opened: socket.socket, listening: Listening, started: Callable[[], None]) -> None:
        self._application = application
        self._root_path = listening.root_path
        self._opened = opened
        self._tls = [str(file) if file else "" for file in (listening.tls_cert, listening.tls_key)]
        self._started: Callable[[], None] | None = started
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Serve until a signal comes, and what is under way then."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        loop.add_signal_handler(signal.SIGINT, self._interrupt)
        while not self._stopping.is_set():
            end = await self._serve()
            if self._stopping.is_set():
                break
            if self._started:
                raise ConfigurationError(
                    f"the process that speaks HTTP could not start ({end})", hint="What it says about that stands above."
                )
            # Connections wait meanwhile: this process still listens.
            _log.error("the process that speaks HTTP has ended (%s), and is started again", end)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), _PAUSE)

    async def _serve(self) -> str:
        """Have a process in front until it ends -> how it did."""
        lost = asyncio.Event()
        backend = Backend(self._application, self._root_path, ready=self._ready, lost=lost.set, refused=self._application.note_refused)
        ours, its = socket.socketpair()
        with its:
            try:
                self._process = self._start(its.fileno(), self._opened.fileno())
            except OSError as error:
                ours.close()
                return str(error.strerror)
        await asyncio.get_running_loop().create_connection(lambda: backend.link, sock=ours)
        await lost.wait()
        return f"status {self._process.wait()}"

    def _start(self, *sockets: int) -> subprocess.Popen[bytes]:
        return start("lrs.server.frontend", *map(str, sockets), *self._tls, sockets=sockets)

    def _ready(self) -> None:
        started, self._started = self._started, None
        if started:
            started()

    def _stop(self) -> None:
        """Have what is under way answered."""
        self._stopping.set()
        self._opened.close()
        if self._process is not None:
            self._process.terminate()

    def _interrupt(self) -> None:
        """Stop; at the second time break off what is under way."""
        if self._stopping.is_set() and self._process is not None:
            self._process.kill()
        self._stop()


def _check_tls(listening: Listening) -> None:
    """Raise what the process in front could not say kindly."""
    if listening.tls_cert is None:
        return
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(listening.tls_cert, listening.tls_key, password=bytes)
    except OSError as error:
        raise ConfigurationError(
            f"the certificate and its key can't be used: {error.strerror}",
            hint="They have to be PEM files that belong together, and the key without a passphrase.",
        ) from None


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
