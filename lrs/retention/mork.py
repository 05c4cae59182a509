"""Following openfun/mork, which decides for a platform whose accounts are deleted for inactivity, warns them, and asks each service how far it is.

Who stands on mork's list for this service is noted, left in peace for the notice of the policy, and forgotten if they were not seen since: mork does not say
when it warned somebody, and as it is shipped it would delete a month before it warns. Of whom nothing is left here, mork is told so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

import msgspec

from lrs.errors import StoreUnavailable
from lrs.exchange.peer import Peer, bearer
from lrs.retention.inactivity import letting_go_listed
from lrs.xapi import walk

if TYPE_CHECKING:
    from lrs.retention.desk import Desk

_PAGE = 1000
"""The most that mork gives at once."""
OWN_WISH = "user_requested"
"""The reason of those who asked for it themselves; of the others nothing was heard."""


class User(msgspec.Struct, frozen=True):
    """Somebody whose account is deleted."""

    id: UUID
    email: str
    username: str
    reason: str

    def __repr__(self) -> str:
        return f"User({self.id})"


class Mork:
    """mork's HTTP API at an address, for one of the services that it knows. One thread at a time."""

    def __init__(self, url: str, key: str, *, service: str, pause: Callable[[float], object] = time.sleep) -> None:
        # Versions of mork differ in the header that they read the key from.
        self._peer = Peer(url, bearer(key), version="", pause=pause)
        self._key = key
        self.service = service
        self._users = urlsplit(url).path.rstrip("/") + "/v1/users"

    def users(self) -> list[User]:
        """Give who is to be deleted here still."""
        found: list[User] = []
        while True:
            asked = {"service": self.service, "deletion_status": "to_delete", "offset": len(found), "limit": _PAGE}
            page = self._read(self._ask("GET", f"{self._users}?{urlencode(asked)}"))
            found += page
            if len(page) < _PAGE:
                return list({user.id: user for user in found}.values())

    def deleted(self, user: User) -> None:
        """Say that nothing is left of somebody here."""
        status = f"{self._users}/{user.id}/status/{quote(self.service, safe='')}"
        self._ask("PATCH", status, msgspec.json.encode({"deletion_status": "deleted"}))

    def close(self) -> None:
        """Close the connection."""
        self._peer.close()

    def _ask(self, method: str, target: str, body: bytes | None = None) -> bytes:
        answer = self._peer.ask(method, target, body, X_API_Key=self._key, Content_Type="application/json")
        if answer.status != HTTPStatus.OK:
            raise StoreUnavailable(f"mork answered {answer.status}", hint="Check the address, and whether mork knows this service.")
        return answer.body

    @staticmethod
    def _read(body: bytes) -> list[User]:
        try:
            return msgspec.json.decode(body, type=list[User])
        except msgspec.DecodeError:
            raise StoreUnavailable("mork's list can't be read", hint="Is it mork that answers there?") from None


class Followed(msgspec.Struct, frozen=True):
    """What came of a list: how many are on it, asked for it themselves, were forgotten, and are told to mork as deleted."""

    listed: int
    own_wish: int
    forgotten: int
    told: int


def follow(desk: Desk, mork: Mork, *, home_page: str, erase: Callable[[dict[str, Any]], object], now: int) -> Followed:
    """Do what mork's list asks for. ``home_page`` is that of the platform's accounts, which go by username; ``erase`` erases an agent."""
    users = mork.users()
    wishes = [user for user in users if user.reason == OWN_WISH and _sids(desk, user, home_page)]
    for user in wishes:
        for agent in _agents(user, home_page):
            erase(agent)
    inactive = {sid for user in users if user.reason != OWN_WISH for sid in _sids(desk, user, home_page)}
    desk.vault.warn(desk.tenant, sorted(inactive), at=now)
    forgotten = sum(number for what, number in letting_go_listed(desk, now, sorted(inactive)) if what == "person")
    desk.forget()
    desk.vault.scrub()
    gone = [user for user in users if not _sids(desk, user, home_page)]
    desk.record("follow mork", thing=mork.service, listed=len(users), forgotten=forgotten, told=len(gone))
    for user in gone:
        mork.deleted(user)
    return Followed(len(users), len(wishes), forgotten, len(gone))


def _agents(user: User, home_page: str) -> Iterator[dict[str, Any]]:
    yield {"mbox": f"mailto:{user.email}"}
    if home_page:
        yield {"account": {"homePage": home_page, "name": user.username}}


def _sids(desk: Desk, user: User, home_page: str) -> frozenset[int]:
    """Give whom an account is known as here."""
    ifis = [walk.canonical_ifi("mbox", f"mailto:{user.email}")]
    ifis += [walk.canonical_ifi("account", home_page, user.username)] if home_page else []
    named = desk.vault.named(desk.tenant, [desk.keys.blind_index(each) for ifi in ifis for each in (ifi, *walk.kin(ifi)[:1])])
    return desk.vault.same_person(desk.tenant, named) - {desk.reserved}
