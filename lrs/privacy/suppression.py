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
from lrs.xapi.model import Part, Person, Reference, Role, Statement
from lrs.xapi.walk import canonical_ifi

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys

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
    """What is left of statements: as they are stored, and the places of those that are not."""

    statements: list[Statement]
    withheld: set[int]


def left_of(statements: Sequence[Statement], ids: Sequence[UUID], suppression: Suppression, erased: Callable[[Person], bool]) -> Left:
    """Put the stub in place of whoever was erased and of what refers to what was; tell which statements are not stored at all."""
    references = {part.id for statement in statements for part in statement.parts if type(part) is Reference}
    gone = suppression.statements({*ids, *references})
    left = [_stubbed(statement, erased, gone) for statement in statements]
    withheld = {n for n, (each, statement) in enumerate(zip(ids, statements, strict=True)) if each in gone or _is_own(statement, erased)}
    return Left(left, withheld)


def _stubbed(statement: Statement, erased: Callable[[Person], bool], gone: Collection[UUID]) -> Statement:
    parts = [_stub(part, erased, gone) for part in statement.parts]
    if all(new is old for new, old in zip(parts, statement.parts, strict=True)):
        return statement
    return msgspec.structs.replace(statement, parts=parts, reference=None if statement.reference in gone else statement.reference)


def _stub(part: Part, erased: Callable[[Person], bool], gone: Collection[UUID]) -> Part:
    if type(part) is Person and erased(part):
        # What is known of the person stays, so that the self-mention scan still finds it elsewhere.
        return msgspec.structs.replace(part, json=_KIND[part.is_group] + ACCOUNT + b"}", ifi=_IFI)
    if type(part) is Reference and part.id in gone:
        return Reference(ERASED_REFERENCE)
    return part


def _is_own(statement: Statement, erased: Callable[[Person], bool]) -> bool:
    """Tell whether a statement is about nobody but people who were erased: its actor, or each member where its actor is a group."""
    persons = [part for part in statement.parts if type(part) is Person]
    actors = [person for person, role in zip(persons, statement.roles, strict=True) if role == Role.ACTOR]
    members = [person for person, role in zip(persons, statement.roles, strict=True) if role == Role.ACTOR_MEMBER]
    # The stub itself may be sent: by who imports what was exported from here.
    return all(erased(person) and person.ifi != _IFI for person in members or actors)
