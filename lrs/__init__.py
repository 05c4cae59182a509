"""lrs: an xAPI learning record store to import, or to run.

    import lrs

    with lrs.open("data/") as store:
        ids = store.ingest(statements)
        page = store.query(agent={"mbox": "mailto:a@b.fr"}, limit=100)

Nothing heavy is imported before a store is opened.
"""

from __future__ import annotations

import os as _os
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from lrs.errors import (
    ConfigurationError,
    Conflict,
    DataDirectoryInUse,
    InvalidEvent,
    InvalidRequest,
    InvalidStatement,
    IssuerUnavailable,
    KeyUnavailable,
    LimitExceeded,
    LRSError,
    MissingExtra,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PreconditionFailed,
    RequestTimeout,
    StoreBusy,
    StoreUnavailable,
    TamperedData,
)

if _TYPE_CHECKING:
    from lrs.engine import LRS
    from lrs.settings import Settings

__all__ = [
    "ConfigurationError",
    "Conflict",
    "DataDirectoryInUse",
    "InvalidEvent",
    "InvalidRequest",
    "InvalidStatement",
    "IssuerUnavailable",
    "KeyUnavailable",
    "LRS",
    "LRSError",
    "LimitExceeded",
    "MissingExtra",
    "NotAuthenticated",
    "NotFound",
    "NotPermitted",
    "PreconditionFailed",
    "RequestTimeout",
    "Settings",
    "StoreBusy",
    "StoreUnavailable",
    "TamperedData",
    "open",
]

__version__ = "0.1.0"


def open(settings: str | _os.PathLike[str] | Settings | None = None, /, **options: _Any) -> LRS:  # noqa: A001 -- the verb that a store's users expect
    """Open a record store; use it as a context manager, or call ``close()``.

    ``settings`` is the data directory of an embedded store, or a :class:`Settings`; without it ``LRS_*`` variables and ``lrs.toml`` decide.
    ``options`` are single settings by name. Raises :class:`ConfigurationError`, :class:`MissingExtra`, :class:`KeyUnavailable`,
    :class:`DataDirectoryInUse` or :class:`StoreUnavailable`.
    """
    from lrs.engine import LRS
    from lrs.settings import Settings, load

    if isinstance(settings, Settings):
        if options:
            raise ConfigurationError("give settings as an object or as options, not both")
        return LRS(settings)
    return LRS(load(settings, **options))


def __getattr__(name: str) -> _Any:
    if name == "LRS":
        from lrs.engine import LRS

        return LRS
    if name == "Settings":
        from lrs.settings import Settings

        return Settings
    raise AttributeError(f"module 'lrs' has no attribute {name!r}")
