"""What comes of somebody who was erased a short while ago: nothing, so that late batches and replays bring nobody back (GDPR art. 17).

Other people's statements are taken, with one stub in each place of such a person, the same for all; a statement that was deleted, or is such a person's own, is
answered like one that was stored before, and not stored. All that is kept for it are keyed hashes of identifiers and statement ids, until their time is over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from lrs.storage.contract import ERASED, ErasureStore
from lrs.xapi.model import GROUP, Person, Role
from lrs.xapi.walk import canonical_ifi

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.privacy.drafts import Drafts

T = TypeVar("T")
_HOME, _NAME = "https://lrs.invalid/erased", "erased"
ACCOUNT = f'"account":{{"homePage":"{_HOME}","name":"{_NAME}"}}'.encode()
"""What stands for whoever was erased, after the objectType."""
ERASED_REFERENCE = UUID("00000000-0000-4000-8000-000000000000")
"""What stands for the id of a statement that was erased."""
_KIND = {False: b'{"objectType":"Agent",', True: b'{"objectType":"Group",'}
_IFI = canonical_ifi("account", _HOME, _NAME)
STUBS = {_KIND[group] + ACCOUNT + b"}": (ERASED, 0) for group in _KIND}
"""The JSON of the stub, as an Agent and as a Group -> its (sid, vid)."""
_PERSON, _STATEMENT = b"person", b"statement"


class Suppression:
    """Who and what is not taken in again in one tenant. Thread-safe."""

    def __init__(self, tenant: str, keys: TenantKeys, vault: ErasureStore, *, clock: Callable[[], int]) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._clock = clock
        self._state = vault.suppression(tenant, now=clock())

    @property
    def live(self) -> bool:
        """Whether anything is suppressed."""
        return self._state[0] > 0

    def changed(self) -> bool:
        """Look whether somebody was erased, or the time of an erasure ended, since this was asked last, whichever process did it."""
        before, self._state = self._state, self._vault.suppression(self._tenant, now=self._clock())
        if self._state[0] < before[0]:
            self._vault.end_suppression(now=self._clock())
        return self._state != before

    def people(self, identifiers: Iterable[bytes]) -> set[bytes]:
        """Of these canonical identifiers, those of people who were erased."""
        return set(self._found({self.person_key(self._keys.blind_index(ifi)): ifi for ifi in identifiers}))

    def statements(self, ids: Iterable[UUID]) -> set[UUID]:
        """Of these ids, those of statements that were erased."""
        return set(self._found({self.statement_key(each): each for each in ids}))

    def person_key(self, index: bytes) -> bytes:
        """Blind index of an identifier -> the key by which it is suppressed."""
        return self._keys.suppression_key(_PERSON, index)

    def statement_key(self, statement_id: UUID) -> bytes:
        """Statement id -> the key by which it is suppressed."""
        return self._keys.suppression_key(_STATEMENT, statement_id.bytes)

    def _found(self, values: dict[bytes, T]) -> list[T]:
        return [values[key] for key in self._vault.suppressed(self._tenant, list(values), now=self._clock())]


class Left(NamedTuple):
    """What is left of drafts: as they are stored, the numbers of those that are not, and the ids of erased statements among all that they name."""

    drafts: Drafts
    withheld: set[int]
    gone: set[UUID]


def left_of(drafts: Drafts, ids: Sequence[UUID], suppression: Suppression, erased: Callable[[Person], bool]) -> Left:
    """Put the stub in place of whoever was erased and of what refers to what was; tell which statements are not stored at all.

    The drafts themselves where there is nothing of either.
    """
    gone = suppression.statements({*ids, *(each for own in drafts.references.values() for each in own)})
    people = {number for number, person in enumerate(drafts.people) if erased(person)}
    if not gone and not people:
        return Left(drafts, set(), gone)
    withheld = {n for n, each in enumerate(ids) if each in gone or _is_own(drafts, n, people)}
    return Left(stubbed(drafts, gone, erased), withheld, gone)


def stubbed(drafts: Drafts, gone: Collection[UUID], erased: Callable[[Person], bool]) -> Drafts:
    """Put the stub in place of whoever was erased, and of references to what is gone."""
    return msgspec.structs.replace(
        drafts,
        people=[_stub(person) if erased(person) else person for person in drafts.people],
        references={n: [ERASED_REFERENCE if each in gone else each for each in own] for n, own in drafts.references.items()},
        targets=[None if each in gone else each for each in drafts.targets],
    )


def _stub(person: Person) -> Person:
    return msgspec.structs.replace(person, json=_KIND[person.is_group] + ACCOUNT + b"}", ifi=_IFI)


def _is_own(drafts: Drafts, n: int, erased: Collection[int]) -> bool:
    """Tell whether a statement is about nobody but people who were erased: its actor, or each member where its actor is a group."""
    actors = [number for number, role in zip(drafts.persons[n], drafts.roles[n], strict=True) if role & ~GROUP == Role.ACTOR]
    members = [number for number, role in zip(drafts.persons[n], drafts.roles[n], strict=True) if role & ~GROUP == Role.ACTOR_MEMBER]
    # The stub itself may be sent: by who imports what was exported from here.
    return all(number in erased and drafts.people[number].ifi != _IFI for number in members or actors)
