"""What a platform mounts: the record store as an ASGI application."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrs.server.application import Application

if TYPE_CHECKING:
    from lrs.engine import LRS

__all__ = ["create_app"]


def create_app(store: LRS) -> Application:
    """Make an ASGI 3 application that serves ``store``: xAPI under ``/xapi/``, beside it ``/healthz`` and ``/readyz``.

    Mount it wherever you like; it needs no lifespan events, and links under a sub-path follow from ``root_path``. Whoever opened the store
    closes it, after the last request.
    """
    return Application(store)
