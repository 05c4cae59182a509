"""Which version of xAPI a request and its reply speak (xAPI 1.0.3 Communication 3.3, IEEE 9274.1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from lrs.errors import InvalidRequest
from lrs.sources.repair import MISSING_VERSION
from lrs.xapi.versions import V1

if TYPE_CHECKING:
    from lrs.access import Principal
    from lrs.server.request import Request

HEADER = b"x-experience-api-version"
FORGIVEN = V1
"""What a request without a version speaks, where a repair lets it pass."""
_SECTION = "xAPI 1.0.3 Communication 3.3"


def newest(supported: Sequence[str]) -> str:
    """Give the newest version that is switched on: what a reply speaks when the request did not say."""
    return max(supported)


@lru_cache(maxsize=64)
def negotiate(wanted: str, supported: tuple[str, ...]) -> str | None:
    """Version header -> the version that is spoken: ``1.0`` and every ``1.0.x`` are 1.0.3, ``2.0`` and every ``2.0.x`` are 2.0.0.

    None when the header is empty, was sent twice, or is none of the supported versions.
    """
    wanted = wanted.strip()
    for version in supported:
        minor = version.rpartition(".")[0]
        if "," not in wanted and (wanted == minor or wanted.startswith(minor + ".")):
            return version
    return None


def is_forgiven(request: Request, principal: Principal) -> bool:
    """Tell whether whoever asks need not say a version: a repair that is switched on for a credential."""
    return MISSING_VERSION in principal.handling.repairs and not request.header(HEADER).strip()


def refusal(wanted: str, supported: Sequence[str]) -> InvalidRequest:
    """Say what is wrong with a version header that could not be negotiated."""
    message = "the version of xAPI is not supported" if wanted.strip() else "the header X-Experience-API-Version is missing"
    known = " or ".join(supported)
    return InvalidRequest(message, parameter="X-Experience-API-Version", section=_SECTION, hint=f"Send X-Experience-API-Version: {known}.")
