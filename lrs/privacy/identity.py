"""The way in for people: from a checked statement to one that names nobody.

Each distinct spelling of a person becomes a pair (sid, vid): a random subject number and the number of this spelling. The spelling itself goes
to the vault, sealed under the subject's own key. What is left of the statement is a body with numbered placeholders
(see :class:`lrs.storage.contract.TokenisedStatement`), in which the self-mention scan has sealed what names its people elsewhere.
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
from lrs.privacy.freetext import Fate, FreeText
from lrs.privacy.suppression import STUBS
from lrs.storage.contract import ERASED, CorrectionStore, EpochRetired, IndexTaken, NewSubject, NewVariant, SubjectStore, WrappedKey
from lrs.xapi import walk
from lrs.xapi.model import GROUP, Authority, Person, Reference, Statement, Text

if TYPE_CHECKING:
    from collections.abc import Callable

    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek
    from lrs.privacy.suppression import Suppression

_MAX_SPELLINGS = 200_000
_MAX_KEYS = 20_000
_ATTEMPTS = 10
_ALONE = 3
"""Parts of a statement in which one person stands and nothing else is set apart."""
_PLACEHOLDERS = tuple(b'{"$p":%d' % n for n in range(64))

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


class Draft(msgspec.Struct, gc=False):
    """A tokenised statement whose texts wait to be sealed. ``body`` has no authority yet; ``texts`` are plain.

    ``names_people`` says that the self-mention scan found something.
    """

    body: bytes
    sids: list[int]
    vids: list[int]
    roles: list[int]
    references: list[UUID]
    texts: list[bytes]
    verb: str
    activity: str
    related: tuple[str, ...]
    fingerprint: int = 0
    names_people: bool = False

    def __repr__(self) -> str:
        return "Draft(...)"


def tokenise(statement: Statement, identities: Identities, keys: TenantKeys, policy: FreeText) -> Draft:
    """Replace every person by a token, and set apart every text that policy or the self-mention scan wants sealed.

    The persons must have been learned. Raises nothing of its own.
    """
    draft = Draft(b"", [], [], [], [], [], statement.verb, statement.activity, statement.related)
    looked_for = mentions.of(_write_body(draft, statement, identities, policy))
    if looked_for and looked_for.may_be_in(draft.body):
        _hide_mentions(draft, looked_for, keys)
    draft.fingerprint = keys.content_fingerprint(_content(draft))
    return draft


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

    def add(self, draft: Draft) -> None:
        """Append it to a statement."""
        ending = self._endings.get(len(draft.sids)) or self._ending(len(draft.sids))
        draft.body = draft.body[:-1] + ending.body
        draft.sids += ending.sids
        draft.vids += ending.vids
        draft.roles += ending.roles

    def _ending(self, persons: int) -> _Ending:
        """Write the end of a statement that has so many persons."""
        others = [0] * persons
        draft = Draft(b"", [*others], [*others], [*others], [], [], "", "", ())
        roles = iter(self._authority.roles)
        parts = [_person(part, next(roles), draft, self._identities) if type(part) is Person else part for part in self._authority.parts]
        ending = _Ending(b',"authority":%b}' % b"".join(parts), draft.sids[persons:], draft.vids[persons:], draft.roles[persons:])  # type: ignore[arg-type]
        self._endings[persons] = ending
        return ending


def owner_of(sids: Sequence[int]) -> int | None:
    """Give the one under whose key the texts and contents of a statement are sealed: the first of its people who was not erased."""
    return next((sid for sid in sids if sid != ERASED), None)


def seal_texts(draft: Draft, statement_id: UUID, deks: Mapping[int, Dek]) -> list[bytes]:
    """Seal the texts of a draft under the key of its owner; where there is none, nothing of them is kept."""
    owner = owner_of(draft.sids)
    if not draft.texts or owner is None:
        return []
    return [deks[owner].seal("text", text_record(statement_id, n), text) for n, text in enumerate(draft.texts)]


def text_record(statement_id: UUID, n: int) -> bytes:
    """Give the place to which a sealed text is bound."""
    return statement_id.bytes + struct.pack(">I", n)


def _write_body(draft: Draft, statement: Statement, identities: Identities, policy: FreeText) -> tuple[str, ...]:
    """Write the body with everything in its place -> what is known of its people."""
    parts, roles = statement.parts, statement.roles
    person = parts[1]
    if len(parts) == _ALONE and type(person) is Person:
        draft.body = b"".join((parts[0], _person(person, roles[0], draft, identities), parts[2]))  # type: ignore[arg-type] # both are bytes
        return person.known
    out: list[bytes] = []
    known: tuple[str, ...] = ()
    for part in parts:
        if type(part) is bytes:
            out.append(part)
        elif type(part) is Person:
            known += part.known
            out.append(_person(part, roles[len(draft.sids)], draft, identities))
        elif type(part) is Text:
            out.append(_text(part, draft, policy))
        elif type(part) is Reference:
            draft.references.append(part.id)
            out.append(b'{"$s":%d}' % (len(draft.references) - 1))
    draft.body = b"".join(out)
    return known


def _person(person: Person, role: int, draft: Draft, identities: Identities) -> bytes:
    """Note a person -> what stands for it, but for the end of the object."""
    number = len(draft.sids)
    sid, vid = identities.token(person)
    draft.sids.append(sid)
    draft.vids.append(vid)
    draft.roles.append(role | GROUP if person.is_group else role)
    return _PLACEHOLDERS[number] if number < len(_PLACEHOLDERS) else b'{"$p":%d' % number


def _text(text: Text, draft: Draft, policy: FreeText) -> bytes:
    fate = policy.decide(text)
    if fate is Fate.KEEP:
        return text.json
    if fate is Fate.DROP:
        return policy.remains(text)
    draft.texts.append(text.json)
    return b'{"$b":%d}' % (len(draft.texts) - 1)


def _hide_mentions(draft: Draft, mentioned: mentions.Mentions, keys: TenantKeys) -> None:
    def seal(value: bytes, letter: bytes) -> bytes:
        # An object that goes into a box takes along what was set apart from it before.
        draft.texts.append(_unbox(value, draft.texts) if letter == b"o" else value)
        return b'{"$%s":%d}' % (letter, len(draft.texts) - 1)

    draft.names_people = True
    draft.body = mentions.seal_mentions(draft.body, mentioned, seal)
    draft.verb = keys.hidden_iri(draft.verb) if mentioned(draft.verb) else draft.verb
    draft.activity = keys.hidden_iri(draft.activity) if mentioned(draft.activity) else draft.activity
    draft.related = tuple(keys.hidden_iri(iri) if mentioned(iri) else iri for iri in draft.related)


def _unbox(value: bytes, texts: list[bytes]) -> bytes:
    for n, text in enumerate(texts):
        value = value.replace(b'{"$b":%d}' % n, text).replace(b'{"$o":%d}' % n, text)
    return value


def _content(draft: Draft) -> bytes:
    """Everything that makes two statements the same byte for byte; how much of each there is, the placeholders in the body tell."""
    content = draft.body + _people(len(draft.sids)).pack(*draft.sids, *draft.vids)
    if draft.references or draft.texts:
        content += b"".join([each.bytes for each in draft.references]) + b"\0".join(draft.texts)
    return content


@lru_cache(maxsize=64)
def _people(number: int) -> struct.Struct:
    """Give what packs the tokens of so many people."""
    return struct.Struct(f">{number}Q{number}I")
