"""The about resource (xAPI 1.0.3 Communication 2.8): open to everyone, whatever their version header says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lrs.errors import InvalidRequest
from lrs.server.reply import Reply, json_reply
from lrs.server.versions import HEADER, negotiate

if TYPE_CHECKING:
    from lrs.engine import LRS
    from lrs.server.authentication import Authenticator
    from lrs.server.request import Request

PATH = "/xapi/about"


class About:
    """Say which versions are spoken here."""

    methods = "GET, HEAD, OPTIONS"

    def __init__(self, store: LRS, authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self._versions = tuple(sorted(store.settings.supported_versions))

    async def answer(self, request: Request) -> Reply:
        """Give the list of versions. Nobody needs credentials for it; who gives some learns whether they are right."""
        if request.header(b"authorization"):
            await self._authenticator.principal(request.headers[b"authorization"])
        if request.parameters():
            raise InvalidRequest("about takes no parameters", section="xAPI 1.0.3 Communication 2.8")
        return json_reply({"version": self._known_to(negotiate(request.header(HEADER), self._versions))})

    def _known_to(self, spoken: str | None) -> list[str]:
        """List the versions up to the one that is spoken, whose specification can't know the later ones; all to who speaks none yet."""
        return [version for version in self._versions if spoken is None or version <= spoken]
