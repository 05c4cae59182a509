"""The way in for people: from drafts to statements that name nobody.

Each distinct spelling of a person becomes a pair (sid, vid): a random subject number and the number of this spelling. The spelling itself goes
to the vault, sealed under the subject's own key. What is left of the statement is its body with numbered placeholders
(:mod:`lrs.privacy.drafts`), of which what names its people elsewhere is set apart to be sealed.
"""

from __future__ import annotations

import secrets
import struct
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, Protocol
from uuid import UUID

import msgspec

from lrs.errors import StoreUnavailable
from lrs.privacy import mentions
from lrs.privacy.consent import kin
from lrs.privacy.corrections import Corrections
from lrs.privacy.suppression import STUBS
from lrs.storage.contract import ERASED, CorrectionStore, EpochRetired, IndexTaken, NewSubject, NewVariant, SubjectStore, WrappedKey
from lrs.xapi import walk
from lrs.xapi.model import GROUP, Authority, Person

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek
    from lrs.privacy.drafts import Drafts
    from lrs.privacy.suppression import Suppression

_MAX_SPELLINGS = 200_000
_MAX_KEYS = 20_000
_ATTEMPTS = 10

Token = tuple[int, int]
"""(sid, vid)"""


class Vault(SubjectStore, CorrectionStore, kin.Vault, Protocol):
    """What taking people in needs of the vault: subjects, how they were corrected, and what was said by whoever they turn out to be."""


class Identities:
    """The people of one tenant: known spellings at hand, new ones taken into the vault. One thread at a time."""

    def __init__(self, tenant: str, keys: TenantKeys, vault: Vault, *, month: Callable[[], int], suppression: Suppression) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._month = month
        self._suppression = suppression
        self._tokens: dict[bytes, Token] = dict(STUBS)
        self._deks: dict[int, Dek] = {}
        self._met = 0
        self._seen: dict[int, int] = {}

    def learn(self, persons: Iterable[Person]) -> None:
        """Make sure that every one of these has a token; new people and spellings are durable in the vault on return.

        Whoever was erased a short while ago is not taken in: the token is that of the stub.
        """
        unknown = {person.json: person for person in persons if person.json not in self._tokens}
        if not unknown:
            return
        if len(self._tokens) + len(unknown) > _MAX_SPELLINGS:
            self._tokens = dict(STUBS)
        for _ in range(_ATTEMPTS):
            try:
                taken = self._take_in(list(unknown.values()))
            except IndexTaken:
                continue
            except EpochRetired:
                self._keys.keks.refresh()
                continue
            # Before anything is stored of them, and so before they count as learned.
            kin.met(self._vault, self._tenant, {sid for sid, _ in taken.values()} - {ERASED})
            self._tokens.update(taken)
            return
        raise StoreUnavailable("other writers keep adding the same people at the same time")

    def token(self, person: Person) -> Token:
        """Give the token of a person that was learned."""
        return self._tokens[person.json]

    def is_erased(self, person: Person) -> bool:
        """Tell whether a person that was learned was erased."""
        return self._tokens[person.json][0] == ERASED

    def deks(self, sids: Iterable[int]) -> dict[int, Dek]:
        """Give the unwrapped keys of these subjects."""
        wanted = set(sids)
        missing = [sid for sid in wanted if sid not in self._deks]
        if missing:
            if len(self._deks) + len(missing) > _MAX_KEYS:
                missing = list(wanted)
                self._deks.clear()
            self._deks |= self._keys.deks(self._vault.keys(self._tenant, missing))
        return {sid: self._deks[sid] for sid in wanted}

    def meet(self, seen: Mapping[int, int]) -> bool:
        """Note in the vault in which month (yyyymm) people were last seen, each once a month.

        False when one of them was let go meanwhile: everybody is forgotten then, and has to be learned anew.
        """
        month = self._this_month()
        new = {sid: last for sid, last in seen.items() if self._seen.get(sid, -1) < last}
        if new and not self._vault.meet(self._tenant, new, month=month):
            self.forget()
            return False
        self._seen |= new
        return True

    def _this_month(self) -> int:
        """Give the month (yyyymm), in which nobody was noted yet when it is a new one."""
        month = self._month()
        if month != self._met or len(self._seen) > _MAX_SPELLINGS:
            self._met, self._seen = month, {}
        return month

    def forget(self) -> None:
        """Drop every spelling and key from memory."""
        self._tokens = dict(STUBS)
        self._deks.clear()
        self._seen.clear()

    def _take_in(self, persons: Sequence[Person]) -> dict[bytes, Token]:
        gone = self._suppression.people({person.ifi for person in persons}) if self._suppression.live else set()
        taken = self._tokens_of([person for person in persons if person.ifi not in gone])
        return taken | {person.json: (ERASED, 0) for person in persons if person.ifi in gone}

    def _tokens_of(self, persons: Sequence[Person]) -> dict[bytes, Token]:
        indexes = {person.json: self._keys.blind_index(person.ifi) for person in persons}
        ifis = {indexes[person.json]: person.ifi for person in persons}
        known = self._vault.known_subjects(self._tenant, list(ifis))
        month = self._this_month()
        self._seen |= {each.sid: each.last_seen for each in known.values() if each.met_month == month}
        sids = {index: each.sid for index, each in known.items()}
        new = {index: 1 + secrets.randbelow(ERASED - 1) for index in ifis if index not in sids}
        sids |= new
        deks = {sid: self._deks[sid] for sid in sids.values() if sid in self._deks}
        subjects = []
        for index, made in zip(new, self._keys.new_deks(list(new.values())), strict=True):
            deks[new[index]] = made.key
            kin = (self._keys.blind_index(ifi) for ifi in walk.kin(ifis[index]))
            subjects.append(NewSubject(new[index], index, WrappedKey(made.epoch, made.wrapped, made.check), *kin))
        fingerprints = {person.json: self._keys.variant_fingerprint(sids[indexes[person.json]], person.json) for person in persons}
        pairs = dict(self._vault.variant_ids(self._tenant, list(fingerprints.values())))
        unseen = [(sids[indexes[json]], fingerprint, json) for json, fingerprint in fingerprints.items() if fingerprint not in pairs]
        if owners := {sid for sid, _, _ in unseen} - deks.keys():
            deks |= self._keys.deks(self._vault.keys(self._tenant, list(owners)))
            if not owners <= deks.keys():
                # Somebody went meanwhile, and is new.
                raise IndexTaken
        variants = self._variants(unseen, deks, {each.sid: each.revision for each in known.values() if each.revision})
        if subjects or variants:
            pairs.update(self._vault.add(self._tenant, subjects, variants, month=month))
        return {json: pairs[fingerprint] for json, fingerprint in fingerprints.items()}

    def _variants(
        self, unseen: Sequence[tuple[int, bytes, bytes]], deks: Mapping[int, Dek], revisions: Mapping[int, int]
    ) -> list[NewVariant]:
        """Seal new spellings, those of people who were corrected as they have been corrected."""
        found = self._vault.corrections(self._tenant, [sid for sid, _, _ in unseen if sid in revisions]) if revisions else {}
        corrections = {sid: Corrections.opened(self._keys, sid, deks[sid], rows) for sid, rows in found.items()}
        return [
            NewVariant(
                sid,
                fingerprint,
                deks[sid].seal("variant", fingerprint, corrections[sid].apply(json) if sid in corrections else json),
                revisions.get(sid, 0),
            )
            for sid, fingerprint, json in unseen
        ]


class Tokenised(msgspec.Struct):
    """Drafts whose people have become numbers, and which name none of them elsewhere; the authority is there, too.

    Columns as in :class:`lrs.privacy.drafts.Drafts`. What stood in a body and named somebody is among the ``texts``, which wait to be sealed.
    """

    bodies: list[bytes] = []
    verbs: list[str] = []
    activities: list[str] = []
    related: list[tuple[str, ...]] = []
    texts: dict[int, list[bytes]] = {}
    sids: list[list[int]] = []
    vids: list[list[int]] = []
    roles: list[list[int]] = []
    fingerprints: list[int] = []

    def __repr__(self) -> str:
        return "Tokenised(...)"


def tokenise(drafts: Drafts, signature: Signature, identities: Identities, keys: TenantKeys) -> Tokenised:
    """Put tokens in the place of people, set apart what names them elsewhere, and sign. The persons must have been learned."""
    made = _without_mentions(drafts, keys)
    tokens = [identities.token(person) for person in drafts.people]
    # Before it is signed: whoever sends a statement again is answered as its sender was.
    made.fingerprints = _fingerprints(drafts, made, tokens, keys)
    endings = [signature.ending(len(persons)) for persons in drafts.persons]
    sid_of, vid_of = [sid for sid, _ in tokens].__getitem__, [vid for _, vid in tokens].__getitem__
    made.bodies = [body[:-1] + ending.body for body, ending in zip(made.bodies, endings, strict=True)]
    made.sids = [[*map(sid_of, persons), *ending.sids] for persons, ending in zip(drafts.persons, endings, strict=True)]
    made.vids = [[*map(vid_of, persons), *ending.vids] for persons, ending in zip(drafts.persons, endings, strict=True)]
    made.roles = [[*own, *ending.roles] for own, ending in zip(drafts.roles, endings, strict=True)]
    return made


class _Ending(NamedTuple):
    """How statements with so many persons end: the text, and whom it names."""

    body: bytes
    sids: list[int]
    vids: list[int]
    roles: list[int]


class Signature:
    """The authority that the store gives to statements. Its persons must have been learned."""

    def __init__(self, authority: Authority, identities: Identities) -> None:
        self._authority = authority
        self._identities = identities
        self._endings: dict[int, _Ending] = {}

    def ending(self, persons: int) -> _Ending:
        """Give the end of a statement that has so many persons."""
        return self._endings.get(persons) or self._written(persons)

    def _written(self, persons: int) -> _Ending:
        people = [part for part in self._authority.parts if type(part) is Person]
        numbers = iter(range(persons, persons + len(people)))
        body = b"".join(part if type(part) is bytes else b'{"$p":%d' % next(numbers) for part in self._authority.parts)
        tokens = [self._identities.token(person) for person in people]
        roles = [role | GROUP if person.is_group else role for person, role in zip(people, self._authority.roles, strict=True)]
        ending = _Ending(b',"authority":%b}' % body, [sid for sid, _ in tokens], [vid for _, vid in tokens], roles)
        self._endings[persons] = ending
        return ending


def owner_of(sids: Sequence[int]) -> int | None:
    """Give the one under whose key the texts and contents of a statement are sealed: the first of its people who was not erased."""
    return next((sid for sid in sids if sid != ERASED), None)


def seal_texts(texts: Sequence[bytes], statement_id: UUID, key: Dek) -> list[bytes]:
    """Seal the texts of a statement."""
    return [key.seal("text", text_record(statement_id, n), text) for n, text in enumerate(texts)]


def text_record(statement_id: UUID, n: int) -> bytes:
    """Give the place to which a sealed text is bound."""
    return statement_id.bytes + struct.pack(">I", n)


def _without_mentions(drafts: Drafts, keys: TenantKeys) -> Tokenised:
    """Set apart what names somebody of a statement elsewhere in it."""
    made = Tokenised(drafts.bodies, drafts.verbs, drafts.activities, drafts.related, drafts.texts)
    if drafts.mentioning:
        # Not in the drafts themselves: they may have to be made ready once more.
        made = Tokenised([*made.bodies], [*made.verbs], [*made.activities], [*made.related], dict(made.texts))
    for n, known in drafts.mentioning.items():
        _hide_mentions(made, n, mentions.of(known), keys)
    return made


def _hide_mentions(made: Tokenised, n: int, mentioned: mentions.Mentions, keys: TenantKeys) -> None:
    texts = [*made.texts.get(n, ())]

    def seal(value: bytes, letter: bytes) -> bytes:
        # An object that goes into a box takes along what was set apart from it before.
        texts.append(_unbox(value, texts) if letter == b"o" else value)
        return b'{"$%s":%d}' % (letter, len(texts) - 1)

    def hidden(iri: str) -> str:
        return keys.hidden_iri(iri) if mentioned(iri) else iri

    made.bodies[n] = mentions.seal_mentions(made.bodies[n], mentioned, seal)
    made.verbs[n] = hidden(made.verbs[n])
    made.activities[n] = hidden(made.activities[n])
    made.related[n] = tuple(map(hidden, made.related[n]))
    if texts:
        made.texts[n] = texts


def _unbox(value: bytes, texts: Sequence[bytes]) -> bytes:
    for n, text in enumerate(texts):
        value = value.replace(b'{"$b":%d}' % n, text).replace(b'{"$o":%d}' % n, text)
    return value


def _fingerprints(drafts: Drafts, made: Tokenised, tokens: Sequence[Token], keys: TenantKeys) -> list[int]:
    """Hash everything that makes two statements the same byte for byte; how much of each there is, the placeholders in the body tell."""
    alone = [_people(1).pack(*token) for token in tokens]
    rest = [alone[persons[0]] if len(persons) == 1 else _packed([tokens[number] for number in persons]) for persons in drafts.persons]
    for n in drafts.references.keys() | made.texts.keys():
        rest[n] += b"".join([each.bytes for each in drafts.references.get(n, ())]) + b"\0".join(made.texts.get(n, ()))
    return [keys.content_fingerprint(body + others) for body, others in zip(made.bodies, rest, strict=True)]


def _packed(tokens: Sequence[Token]) -> bytes:
    return _people(len(tokens)).pack(*(sid for sid, _ in tokens), *(vid for _, vid in tokens))


@lru_cache(maxsize=64)
def _people(number: int) -> struct.Struct:
    """Give what packs the tokens of so many people."""
    return struct.Struct(f">{number}Q{number}I")
