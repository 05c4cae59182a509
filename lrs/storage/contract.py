"""What the two stores guarantee, and the types that cross into them.

**The vault** knows who. Every call is one transaction: it is durable when it returns, or nothing of it happened. Looking
up an identifier, a variant or a key never writes. Adding what is already there is no error: the first one in wins
and every caller is told the winner, so that two writers who meet the same new person end with one subject.

**The warehouse** knows what happened. ``insert`` is durable (fsynced) when it returns and all of it becomes visible
together or not at all. Rows are visible in the order of ``stored`` because one writer inserts them in that order. A read
never shows two rows of one statement id, nor a row or a personal column past its limit.

Neither store ever sees an identity in the clear: the vault gets blind indexes and sealed bytes, the warehouse gets
:class:`TokenisedStatements`, whose people nothing but :mod:`lrs.privacy.identity` makes numbers of. All times are microseconds since 1970 UTC,
unless a name says otherwise. Failures are raised as :class:`lrs.errors.StoreUnavailable` (or a subclass) and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, TypeVar
from uuid import UUID

import msgspec

from lrs.xapi.formats import month_of
from lrs.xapi.model import SUB, Role

NO_UUID = UUID(int=0)
ERASED = 0xFFFF_FFFF_FFFF_FFFF
"""The number that stands for everybody who was erased: no subject has it."""
FOREVER = 0xFFFFFFFF
"""The latest end date that the warehouse can hold (2106-02-07), in seconds since 1970: no limit."""
ROLE_BITS = SUB * 2 - 1
"""The bits of a stored role that say where a person stands, inside a SubStatement or not; the others say what they are."""
DIRECT_ROLES = int(Role.OBJECT_MEMBER)
"""The last of the roles that the agent filter matches without related_agents."""
AUTHORITY_ROLES = (int(Role.AUTHORITY), int(Role.AUTHORITY_MEMBER))
"""The roles of a statement's authority."""


class TokenisedStatement(msgspec.Struct, gc=False):
    """One row of ``statements``: the only thing that the warehouse accepts, one by one or in columns.

    ``body`` is the statement's JSON without ``id`` and ``stored``; in it ``{"$p":n`` stands for person ``n``
    (index into ``sids``, ``vids``, ``roles``), ``{"$b":n}`` and ``{"$o":n}`` for sealed value ``n`` (``$o``: it is an object),
    ``{"$r":0}`` for ``registration``, ``{"$s":n}`` for ``references[n]``. ``verb``, ``activity`` and ``related`` hold a keyed hash
    in place of an IRI that mentions the person. ``reference`` is the id when the object is a StatementRef, else ``NO_UUID``. ``fingerprint``
    is a keyed 64-bit hash of the content, equal for a byte-for-byte replay. ``purposes`` are the ids of the purposes that it serves, none for a
    statement without identity. ``identity_until`` and ``keep_until`` are seconds since 1970; what is ``held`` the engine does not delete then.
    """

    tenant: str
    id: UUID
    stored: int
    timestamp: int
    verb: str
    activity: str
    related: Sequence[str]
    registration: UUID
    reference: UUID
    references: Sequence[UUID]
    voids: bool
    sids: Sequence[int]
    vids: Sequence[int]
    roles: Sequence[int]
    sealed: Sequence[bytes]
    fingerprint: int
    body: bytes
    purposes: Sequence[str] = ()
    identity_until: int = FOREVER
    keep_until: int = FOREVER
    held: bool = False


class TokenisedStatements(msgspec.Struct):
    """Rows of ``statements``, column by column; what each column holds says :class:`TokenisedStatement`."""

    tenant: list[str] = []
    id: list[UUID] = []
    stored: list[int] = []
    timestamp: list[int] = []
    verb: list[str] = []
    activity: list[str] = []
    related: list[Sequence[str]] = []
    registration: list[UUID] = []
    reference: list[UUID] = []
    references: list[Sequence[UUID]] = []
    voids: list[bool] = []
    sids: list[Sequence[int]] = []
    vids: list[Sequence[int]] = []
    roles: list[Sequence[int]] = []
    sealed: list[Sequence[bytes]] = []
    fingerprint: list[int] = []
    body: list[bytes] = []
    purposes: list[Sequence[str]] = []
    identity_until: list[int] = []
    keep_until: list[int] = []
    held: list[bool] = []

    @classmethod
    def of(cls, rows: Sequence[TokenisedStatement]) -> TokenisedStatements:
        """Put rows together."""
        return cls(*([getattr(row, name) for row in rows] for name in cls.__struct_fields__))

    def __len__(self) -> int:
        return len(self.id)

    def __getitem__(self, number: int) -> TokenisedStatement:
        return TokenisedStatement(*(getattr(self, name)[number] for name in self.__struct_fields__))

    def __repr__(self) -> str:
        return f"TokenisedStatements({len(self)} rows)"


class StoredStatement(msgspec.Struct, gc=False):
    """One row read back; the fields mean what they mean in :class:`TokenisedStatement`."""

    id: UUID
    stored: int
    timestamp: int
    registration: UUID
    references: Sequence[UUID]
    sids: Sequence[int]
    vids: Sequence[int]
    roles: Sequence[int]
    sealed: Sequence[bytes]
    body: bytes
    purposes: Sequence[str] = ()

    @property
    def authority(self) -> tuple[int, ...]:
        """The sids of those who stand as the statement's authority, in order; none when their time is up."""
        return tuple(sorted(sid for sid, role in zip(self.sids, self.roles, strict=True) if role & ROLE_BITS in AUTHORITY_ROLES))


class SealedPiece(msgspec.Struct, gc=False):
    """One row of ``attachments``: a piece of a content, sealed under the key of the first person of the statement that it belongs to.

    ``stored`` and ``statement`` are the place of that statement: a content whose statement was not stored at this time is nobody's. ``number``
    tells the contents of a statement apart, ``piece`` their pieces, both from 0. ``head``, only of the first piece, is sealed too and
    says what it is; nothing here tells by itself which file it is. ``until`` is in seconds since 1970. A ``number`` has its generation in the upper half:
    contents that are sealed anew get the next one, and the last one counts.
    """

    tenant: str
    stored: int
    statement: UUID
    number: int
    piece: int
    head: bytes
    sealed: bytes
    until: int = FOREVER


Place = tuple[int, UUID]
"""(stored, id) of a statement."""


class StoredHead(msgspec.Struct, gc=False, frozen=True):
    """What says of one content of a statement what it is; sealed."""

    stored: int
    statement: UUID
    number: int
    head: bytes


class Content(msgspec.Struct, gc=False, frozen=True):
    """One content of a statement, and in how many pieces it is kept."""

    stored: int
    statement: UUID
    number: int
    pieces: int


class Traces(msgspec.Struct, frozen=True):
    """What the warehouse has of some people.

    ``own`` are their statements: those of which they are the actor, or every member of the actor's group; ``voiding`` those of others that void one of
    these; ``contents`` the contents of both. ``voided`` are other people's statements that nobody but they voided, each with the end date of what voids
    it. ``moved`` are those of others that were moved and are still there as they were before, too. ``others`` and ``referring`` are how many
    statements of others name them, and refer to what is theirs.
    """

    own: tuple[Place, ...]
    voiding: tuple[Place, ...]
    voided: tuple[tuple[UUID, int], ...]
    moved: tuple[UUID, ...]
    contents: tuple[Content, ...]
    others: int
    referring: int

    @property
    def gone(self) -> tuple[Place, ...]:
        """The statements that an erasure deletes."""
        return self.own + self.voiding


class KnownStatement(msgspec.Struct, gc=False, frozen=True):
    """What the warehouse remembers of an id: enough to recognise a replay."""

    stored: int
    fingerprint: int


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A read of ``statements``, with identifiers already narrowed to sids and keyed hashes.

    None or an empty tuple means: not filtered by this. ``sids`` matches any of them (roles up to ``Role.OBJECT_MEMBER`` outside SubStatements,
    or everywhere when ``related_agents``). ``verbs``, ``activities``: any of these spellings.
    ``authority_sids``: exactly these stand as the statement's authority, one as its Agent, two as the members of its Group. ``since`` is
    exclusive, ``until`` inclusive, both on ``stored``. ``after`` is the ``stored`` of the last row of the page before. ``limit`` rows at most, in
    ascending or descending ``stored``. Voided statements are left out; voiding ones are listed. A statement that refers to a
    match, over any number of StatementRefs, is a match too, whether or not its target is voided; ``since``, ``until``,
    ``after`` and ``limit`` apply to the referring one (xAPI 1.0.3 Communication 2.1.3 and 2.1.4). ``purpose``: only what serves it, or is stored
    without identity; ``kept_since`` and ``identified_since``, both on ``timestamp`` and exclusive: what is older is not found at all, or not by people.
    ``hidden_for``: nothing whose actor, or a member of whose actor, is hidden from one of these purposes (:class:`Standing`). ``covered_by``: only what
    the consent of each of these people to this purpose covers.
    """

    sids: tuple[int, ...] | None = None
    related_agents: bool = False
    verbs: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    related_activities: bool = False
    registration: UUID | None = None
    authority_sids: tuple[int, ...] | None = None
    since: int | None = None
    until: int | None = None
    after: int | None = None
    purpose: str | None = None
    kept_since: int | None = None
    identified_since: int | None = None
    hidden_for: tuple[str, ...] = ()
    covered_by: str | None = None
    ascending: bool = False
    limit: int = 100


class Limit(StrEnum):
    """What ends in the warehouse."""

    IDENTITY = "identity"
    """The people of a statement, and all that is sealed of it."""
    CONTENT = "attachment"
    """The content of an attachment."""
    STATEMENT = "statement"
    """A whole statement."""


class Ending(msgspec.Struct, frozen=True, gc=False):
    """How many of a tenant's ``what`` that serve a ``purpose`` end in a ``month`` (yyyymm), how many of these have ended, and how many are held."""

    what: str
    purpose: str
    month: int
    number: int
    ended: int = 0
    held: int = 0


class Held(msgspec.Struct, frozen=True, gc=False):
    """Statements that have ended and are held: how many serve exactly these ``purposes``, from when to when, and the bytes of their bodies, packed.

    Only those count that were stored ``through`` a time.
    """

    through: int
    purposes: tuple[str, ...]
    number: int
    size: int
    oldest: int
    newest: int
    voiding: bool = False


class EndingStore(Protocol):
    """The part of the warehouse that puts an end to things. Thread-safe. Months are those of ``stored``, by which tables are cut."""

    def endings(self, tenant: str, *, now: int) -> list[Ending]:
        """What ends, by purpose and month; a statement counts once for each of its purposes."""

    def retiring(self, tenant: str, purpose: str, days: int, *, now: int) -> list[Ending]:
        """When statements of a purpose go into the intermediate archive, of those that are in use still."""

    def ended(self, tenant: str, limit: Limit, *, now: int) -> Mapping[int, int]:
        """Month -> how much has ended there and is on the disk still; what is held does not count."""

    def end(self, tenant: str, limit: Limit, months: Sequence[int], *, now: int) -> None:
        """Begin to take what has ended out of some months: :meth:`finish` waits for it. It can be called again."""

    def finish(self) -> None:
        """Return when all that was begun is done; old bytes leave the disk seconds later (:meth:`settled`). Raises when the engine can't do it."""

    def held(self, tenant: str, *, now: int, through: int) -> list[Held]:
        """What has ended and is held, of what was stored ``through`` a time. A statement that voids another stays as long as that one does."""

    def release(self, tenant: str, held: Held, *, now: int) -> None:
        """Delete what is held of one kind and had ended ``now``."""

    def rows(self, tenant: str, held: Held, *, after: int, limit: int, now: int) -> list[StoredStatement]:
        """What is held of one kind, by ``stored``, the rows after a time; people past their limit are left out."""

    def tally(self, tenant: str, held: Held, *, now: int) -> list[tuple[int, str, str, int, int]]:
        """What is held of one kind, counted: (month, verb, activity, statements, people), 0 people where they are not known any more."""

    def kinds(self, tenant: str) -> list[tuple[str, ...]]:
        """What statements serve: each combination of purposes once."""

    def align(
        self, tenant: str, purposes: tuple[str, ...], *, identity_days: int | None, statement_days: int | None, held: bool, through: int
    ) -> int:
        """Let statements that serve exactly these purposes end no later than so many days after their timestamp, and hold them if ``held`` -> how many.

        None: as they are. What is held the engine does not delete by itself. Only those are seen to that were stored ``through`` a time.
        """

    def loose(self, tenant: str, *, before: int) -> int:
        """Delete contents stored before a time of which no statement shows the people any more -> how many."""

    def forget_sources(self, tenant: str, *, before: int) -> int:
        """Drop the ids of statements that are gone from definitions first seen ``before`` -> how many."""

    def living(self, tenant: str, low: int, high: int) -> set[int]:
        """The subjects that stand in any statement, whose numbers as signed ones are in this range, both ends included."""

    def settled(self) -> bool:
        """Tell whether nothing of what was taken out is on the disk any more."""


class SeenDefinition(msgspec.Struct, frozen=True, gc=False):
    """What a statement said of an activity: JSON without free text, the keyed ``fingerprint`` of the whole, and when it was stored.

    ``source`` is the statement that has the texts that were left out, ``NO_UUID`` where none were.
    """

    activity: str
    json: bytes
    fingerprint: int
    stored: int
    source: UUID = NO_UUID


class Record(msgspec.Struct, frozen=True, gc=False):
    """Rows as a block in the form in which the warehouse stores them, and of each its id (16 bytes) and when it is stored (8 bytes, microseconds since 1970).

    No two rows of a store have the same time, whosever they are. ``definitions`` is a block, too, of what was seen in them of activities; it may be empty.
    """

    ids: bytes
    times: bytes
    definitions: bytes | memoryview
    block: bytes | memoryview

    def __repr__(self) -> str:
        return f"Record({self.rows} rows)"

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.ids) // 16

    @property
    def month(self) -> int:
        """The month (yyyymm) of the first row's time."""
        return month_of(int.from_bytes(self.times[:8]))


class StatementStore(Protocol):
    """The warehouse, as the write and read paths see it. Thread-safe."""

    def record(self, rows: TokenisedStatements, definitions: Collection[tuple[str, SeenDefinition]] = ()) -> Record:
        """Write new statements of one month, in order of ``stored``, as they are stored, with what is new in them of activities, each with its tenant.

        They are about to be put.
        """

    def put(self, record: Record) -> None:
        """Store new statements: durable when it returns, and there together for whoever reads from then on.

        So are the activity definitions seen in them, and never later than the statements. One whose fingerprint is known changes nothing but its
        time and source.
        """

    def insert(self, rows: Sequence[TokenisedStatement]) -> None:
        """Store rows, in order of ``stored``, whether other rows have their ids or not; durable and visible together when it returns."""

    def known(self, tenant: str, ids: Sequence[UUID]) -> Mapping[UUID, KnownStatement]:
        """Of these ids, those that are stored."""

    def by_id(
        self, tenant: str, ids: Sequence[UUID], *, now: int, within: Selection | None = None
    ) -> Mapping[UUID, tuple[StoredStatement, bool]]:
        """The statements of these ids, each with whether it is voided; only what serves the purpose of a selection, if one is given."""

    def find(self, tenant: str, selection: Selection, *, now: int) -> list[StoredStatement]:
        """The page that a selection asks for."""

    def naming(self, tenant: str, sids: Sequence[int], *, until: int, now: int) -> Iterator[list[tuple[StoredStatement, bool]]]:
        """Every statement in which one of these people stands in any place, each with whether it is voided; in pages, oldest first, up to ``until``."""

    def everything(self, tenant: str, *, after: int, limit: int, now: int) -> list[StoredStatement]:
        """The next statements of a tenant after a time, in order of ``stored``, voided ones too."""

    def drop_tenant(self, tenant: str) -> None:
        """Delete everything of a tenant; no file of the engine holds it any more on return."""

    def count_by(self, tenant: str, selection: Selection, column: str, *, now: int) -> list[tuple[object, int]]:
        """Number of matches by ``verb``, ``activity``, ``actor`` (a sid) or ``day`` (of ``stored``, as YYYY-MM-DD).

        Largest first; ``limit`` groups at most.
        """

    def last_stored(self) -> int:
        """The greatest ``stored`` of all rows of all tenants, 0 when there are none."""

    def held(self, tenant: str, until: int) -> int:
        """The number of rows of a tenant that were stored up to a time, whether or not they can be read still."""

    def definitions(self, tenant: str, activities: Sequence[str]) -> Mapping[str, list[SeenDefinition]]:
        """The distinct definitions seen of each activity, oldest sighting first."""

    def add_attachments(self, pieces: Iterable[SealedPiece]) -> None:
        """Store contents piece by piece, holding few of them at a time; durable when it returns, and before their statements are inserted.

        Pieces of statements that are then not inserted show nowhere.
        """

    def heads(self, tenant: str, places: Sequence[Place], *, now: int) -> list[StoredHead]:
        """The heads of all contents of the statements at these places."""

    def pieces(self, tenant: str, head: StoredHead, numbers: range, *, now: int) -> list[bytes]:
        """These pieces of a content, in order; fewer where it has no more."""

    def mentions(self, tenant: str, words: Sequence[str], *, since: int) -> int:
        """Count rows of all tables, those of statements and contents stored ``since``, in which one of these words stands in the clear, whatever its case."""

    def traces(self, tenant: str, sids: Sequence[int]) -> Traces:
        """What there is of these people."""

    def owned(self, tenant: str, sids: Sequence[int]) -> Iterator[list[TokenisedStatement]]:
        """Other people's statements, in lists, whose texts are sealed under the key of one of these people, unless they were moved already.

        One is moved when a row of the same place has other people's numbers alone; until :meth:`erase` both are there.
        """

    def contents(self, tenant: str, ids: Sequence[UUID]) -> list[Content]:
        """All contents of these statements."""

    def erase(self, tenant: str, sids: Sequence[int], ids: Iterable[UUID], contents: Iterable[Content] = ()) -> None:
        """Delete these statements with their contents, other contents, and what was moved; put nobody in place of these people wherever they are left.

        How they stood to purposes is forgotten. What refers to a deleted statement refers to the stub of one. Nothing of what was deleted is on the
        engine's disk when it returns, in parts that are no longer active neither.
        """

    def close(self) -> None:
        """Release the engine. Calling it twice is no error."""


class Standing(msgspec.Struct, frozen=True, gc=False):
    """How a person stands to a purpose. ``hidden``: an objection, or for :data:`EVERY_PURPOSE` a restriction.

    ``covered`` are the times of events that a consent in force covers, as pairs of a first one and one that is no longer covered; none: no consent
    is in force.
    """

    sid: int
    purpose: str
    hidden: bool
    covered: tuple[tuple[int, int], ...]

    def __repr__(self) -> str:
        return f"Standing(purpose={self.purpose!r})"


EVERY_PURPOSE = ""
"""Stands where a purpose could, for what concerns all of them."""


class StandingStore(Protocol):
    """The warehouse's copy of how people stand to purposes, which reads of statements look at; the vault has what it is made from. Thread-safe."""

    def put_standings(self, tenant: str, standings: Sequence[Standing], *, number: int) -> None:
        """Put these in place of what was known, unless it came with a greater number; durable and visible together when it returns."""

    def mirrored(self, tenant: str) -> tuple[int, frozenset[str]]:
        """The greatest number with which any came, and the purposes from which somebody is hidden."""

    def standings(self, tenant: str, purposes: Sequence[str], sids: Collection[int]) -> list[Standing]:
        """How these people stand to these purposes, where anything is known of it."""

    def drop_standings(self, tenant: str) -> None:
        """Forget everybody's; they are off the disk soon after it returns."""


class TenantRow(msgspec.Struct, frozen=True):
    """A tenant: since the month (yyyymm) in which the first person came, how many people it has, and when its contract ended."""

    name: str
    since: int
    people: int
    ended: int | None


class TenantStore(Protocol):
    """The tenants' part of the vault. Thread-safe."""

    def tenants(self) -> list[str]:
        """The tenants that it holds data of, those that ended apart."""

    def tenant_rows(self) -> list[TenantRow]:
        """All tenants by name, ended ones too."""

    def check_keyring(self, name: str, check: bytes) -> None:
        """Note which keyring belongs to a tenant the first time; from then on raise :class:`lrs.errors.KeyUnavailable` for any other."""

    def has_ended(self, name: str) -> bool:
        """Whether there was a tenant of this name, whose contract ended: the name is not given again."""

    def end_tenant(self, name: str, *, at: int) -> None:
        """Note that a tenant ended, unless it had; from now on nobody gets in for it."""

    def drop_tenant(self, name: str) -> int:
        """Delete everything of a tenant but that it was there and ended -> how many rows that was."""


class WrappedKey(msgspec.Struct, frozen=True, gc=False):
    """A subject's DEK as the vault keeps it: wrapped under KEK ``epoch``, with its key check value.

    ``revision`` says how often the subject's spellings were corrected: what is remembered of an earlier one is not true any more.
    """

    epoch: int
    wrapped: bytes
    check: bytes
    revision: int = 0

    def __repr__(self) -> str:
        return f"WrappedKey(epoch={self.epoch})"


class NewSubject(msgspec.Struct, frozen=True, gc=False):
    """A person to add: ``index`` is the blind index of the identifier by which they came.

    Of a mailbox, ``sha1`` is the blind index of the identifier that its SHA-1 is, ``folded`` that of its spelling without case.
    """

    sid: int
    index: bytes
    key: WrappedKey
    sha1: bytes | None = None
    folded: bytes | None = None


class KnownSubject(NamedTuple):
    """Somebody whom a writer meets again.

    ``revision`` is that of their key. ``met_month`` (yyyymm) is the month in which a writer met them last, ``last_seen`` that of their newest statement
    or document, 0 before there is any.
    """

    sid: int
    revision: int
    met_month: int
    last_seen: int


class NewVariant(msgspec.Struct, frozen=True, gc=False):
    """A spelling of a person to add. ``fingerprint`` (16 bytes, keyed) tells spellings apart; ``sealed`` is its JSON under the subject's DEK.

    The sealed value's associated data holds the fingerprint, not the vid, so that the vault can number variants itself. ``revision`` is that of the
    subject's key when corrections were looked up.
    """

    sid: int
    fingerprint: bytes
    sealed: bytes
    revision: int = 0


class SubjectStore(Protocol):
    """The identities' part of the vault. Thread-safe."""

    def subjects(self, tenant: str, indexes: Sequence[bytes]) -> Mapping[bytes, tuple[int, WrappedKey]]:
        """Blind index -> (sid, wrapped DEK), for those that are known."""

    def known_subjects(self, tenant: str, indexes: Sequence[bytes]) -> Mapping[bytes, KnownSubject]:
        """Blind index -> what a writer needs to know, for those that are known."""

    def variant_ids(self, tenant: str, fingerprints: Sequence[bytes]) -> Mapping[bytes, tuple[int, int]]:
        """Variant fingerprint -> (sid, vid), for those that are known."""

    def add(
        self, tenant: str, subjects: Sequence[NewSubject], variants: Sequence[NewVariant], *, month: int
    ) -> Mapping[bytes, tuple[int, int]]:
        """Add people and spellings in one durable transaction -> fingerprint -> (sid, vid) of every given variant.

        All or nothing. A blind index that someone else added meanwhile raises :class:`IndexTaken`: look it up and seal again under that
        subject's key; so do corrections that came meanwhile. A key that is wrapped under an epoch before the one that
        :meth:`EpochStore.begin_epoch` named raises :class:`EpochRetired`: wrap again under the newer one. ``month`` is the month of creation as yyyymm.
        """

    def meet(self, tenant: str, seen: Mapping[int, int], *, month: int) -> bool:
        """Note in which month people were seen last (sid -> yyyymm), and that a writer met them in this ``month``; durable.

        Who is seen later than before is not warned any more (:class:`InactiveStore`). False, and nothing is noted, when one of them is gone.
        """

    def keys(self, tenant: str, sids: Sequence[int]) -> Mapping[int, WrappedKey]:
        """sid -> wrapped DEK, for those that exist."""

    def variants(self, tenant: str, pairs: Sequence[tuple[int, int]]) -> Mapping[tuple[int, int], tuple[bytes, bytes]]:
        """(sid, vid) -> (fingerprint, sealed JSON), for those that exist."""

    def spellings(self, tenant: str, sid: int) -> list[tuple[bytes, bytes]]:
        """(fingerprint, sealed JSON) of all variants of a subject, oldest first."""


class Leaving(msgspec.Struct, frozen=True, kw_only=True):
    """Which people may leave: those whom no writer met since ``met_before`` (yyyymm).

    With ``seen_through`` (yyyymm) or ``warned_through``: who was seen last then or before, and warned. They take their ``documents`` with them,
    or else only who has none leaves, and who said nothing of consent or was seen last in or before ``spoken_through`` (yyyymm).
    """

    met_before: int
    seen_through: int | None = None
    warned_through: int | None = None
    spoken_through: int = 0
    documents: bool = False


class InactiveStore(Protocol):
    """The part of the vault that lets people go of whom nothing is heard any more. Thread-safe."""

    def leaving(self, tenant: str, leaving: Leaving, *, after: int | None, limit: int) -> list[int]:
        """Those who may leave, in the order of their numbers as signed ones, those after ``after`` alone."""

    def leave(self, tenant: str, sids: Sequence[int], leaving: Leaving) -> tuple[int, int]:
        """Delete those of these people who may leave still, with keys, identifiers, spellings -> (how many, how many documents). One transaction."""

    def unwarned(self, tenant: str, *, seen_through: int, after: int | None, limit: int) -> list[tuple[int, int]]:
        """Who was seen last in or before a month and is not warned: (sid, month), in the order of :meth:`leaving`."""

    def warn(self, tenant: str, sids: Sequence[int], *, at: int) -> None:
        """Note when people were warned, unless they are already, or were seen in this very month."""

    def seen_counts(self, tenant: str, *, but: int) -> list[tuple[int, bool, int]]:
        """(month in which they were last seen, whether they are warned, how many people), one of them left out."""

    def end_documents(self, tenant: str, *, through: int, limit: int) -> int:
        """Delete documents last written then or before, ``limit`` at most -> how many."""

    def document_days(self, tenant: str) -> list[tuple[int, int]]:
        """(day of the last writing, since 1970; how many documents)."""

    def drop_credentials(self, tenant: str, *, revoked_through: int) -> int:
        """Delete credentials revoked then or before -> how many."""

    def drop_old_letters(self, tenant: str, *, tried_through: int) -> int:
        """Forget what targets refused then or before -> how many."""

    def approve(self, tenant: str, visa: str, *, through: int, at: int) -> None:
        """Note that the archives allow what had ended through a time to be eliminated; a visa counts once."""

    def approval(self, tenant: str) -> tuple[str, int] | None:
        """(visa, through) of the approval that reaches furthest."""


class IndexTaken(Exception):
    """Two writers met the same new identifier at once and the other one was first. Never leaves :mod:`lrs.privacy.identity`."""


class EpochRetired(Exception):
    """Keys were rotated meanwhile: this epoch wraps nothing any more. Never leaves :mod:`lrs.privacy.identity`."""


class PersonStore(Protocol):
    """The part of the vault that knows which subjects are one person. Thread-safe."""

    def named(self, tenant: str, indexes: Sequence[bytes]) -> frozenset[int]:
        """Subjects that came under one of these blind indexes, or under a mailbox whose SHA-1 has one of them."""

    def indexes(self, tenant: str, sids: Collection[int]) -> frozenset[bytes]:
        """Every blind index by which these subjects are found, and those that the SHA-1 of their mailboxes have."""

    def joined(self, tenant: str, sids: Collection[int]) -> frozenset[int]:
        """These subjects and all that were joined to one of them."""

    def persons(self, tenant: str, sids: Collection[int]) -> Mapping[int, frozenset[int]]:
        """Each of these subjects -> all that are the same person, itself among them."""

    def same_person(self, tenant: str, sids: Collection[int]) -> frozenset[int]:
        """These subjects and all that are the same person: joined to one of them, or a mailbox and its SHA-1, over any number of steps."""

    def alike(self, tenant: str, folded: Sequence[bytes]) -> frozenset[int]:
        """Subjects whose mailbox is one of these without case: perhaps the same person, perhaps not."""

    def join(self, tenant: str, one: int, other: int) -> bool:
        """Make two subjects, and all that were joined to either, one person; False when they were."""

    def unjoin(self, tenant: str, sid: int) -> bool:
        """Take a subject out of the person that it was joined to; False when it was joined to nobody."""


SealedValues = Sequence[tuple[bytes, bytes]]
"""(fingerprint, sealed) each."""


class Corrected(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What takes the place of what was wrong of a subject: spellings, and what later ones are corrected by.

    ``index``, unless empty, finds the subject from now on too. ``sha1`` and ``folded`` are those of :class:`NewSubject`.
    """

    variants: SealedValues
    corrections: SealedValues
    index: bytes = b""
    sha1: bytes | None = None
    folded: bytes | None = None


Correct = Callable[[SealedValues, SealedValues], Corrected]
"""(spellings, corrections) that are there -> what shall be there instead, of the same fingerprints or more."""


class CorrectionStore(Protocol):
    """The part of the vault that corrects names and identifiers. Thread-safe."""

    def corrections(self, tenant: str, sids: Sequence[int]) -> Mapping[int, SealedValues]:
        """Subject -> what its new spellings are corrected by, for those of whom something was wrong."""

    def correct(self, tenant: str, sid: int, change: Correct) -> None:
        """Put in place what ``change`` makes of a subject's spellings, in one durable transaction: who adds one meanwhile has to look again.

        An index that is somebody's raises :class:`IndexTaken`. A subject that is gone is no error, and nothing happens.
        """


class EpochStore(Protocol):
    """The part of the vault that rotation works on: which epoch wraps which keys. Thread-safe."""

    def epoch_counts(self, tenant: str) -> Mapping[int, int]:
        """Epoch -> how many of the tenant's keys it wraps, for those that wrap any."""

    def begin_epoch(self, tenant: str, epoch: int) -> None:
        """From now on refuse new keys that an older epoch wraps."""

    def older_keys(self, tenant: str, epoch: int, *, after: int | None, limit: int) -> list[tuple[int, WrappedKey]]:
        """Keys that epochs before this one wrap, as (sid, key), in a fixed order of subjects, those after ``after`` alone."""

    def rewrap(self, tenant: str, epoch: int, keys: Sequence[tuple[int, WrappedKey, bytes]]) -> None:
        """Put the new wrapping in place of the old one, where that is still there: (sid, old, new under ``epoch``)."""

    def retire_epoch(self, tenant: str, epoch: int) -> int:
        """From now on refuse new keys that this epoch or an older one wraps -> how many keys these still wrap."""


class ProjectRow(msgspec.Struct, frozen=True):
    """A project: a purpose with pseudonyms of its own. ``started`` and ``ended`` in microseconds; ``sid`` and ``key`` are gone once it has ended."""

    purpose: str
    started: int
    ended: int | None
    sid: int | None
    key: WrappedKey | None

    def __repr__(self) -> str:
        return f"ProjectRow(purpose={self.purpose!r})"


class Claim(msgspec.Struct, frozen=True, gc=False):
    """What a process is storing: from ``first`` on, as long as its ``beat`` rises."""

    first: int
    process: str
    beat: int


class ClaimStore(Protocol):
    """The part of the vault through which processes that share a warehouse agree. Thread-safe."""

    def claim(self, process: str, ids: bytes, *, first: Callable[[int], int]) -> int:
        """Take ids, as hashes of 16 bytes each, and as many times of storing, for a process -> the first of the times.

        ``first`` makes it of the last time that was given out. Raises :class:`IdsClaimed` when another process has one of the ids; all or nothing.
        """

    def settle(self, process: str, firsts: Collection[int]) -> None:
        """Let go of what a process has claimed from these times on: it is stored, or will never be."""

    def through(self, now: int) -> int:
        """The time before the oldest claim; where there is none the last one that was given out, or ``now``, which then counts as given out."""

    def claims(self) -> list[Claim]:
        """All claims."""

    def beat(self, process: str) -> None:
        """Say that a process is alive."""

    def drop(self, claims: Collection[Claim]) -> None:
        """Let go of claims of dead processes, those that have not beaten since they were read."""


class LeaseStore(Protocol):
    """The part of the vault that outlives the one process of an embedded store: up to when it may have announced times. Thread-safe."""

    def leased(self) -> int:
        """The time up to which times may have been announced or given out; 0 at first."""

    def lease(self, until: int) -> None:
        """Note that times up to this one may be announced; durable on return."""


class IdsClaimed(Exception):
    """Another process is storing one of these statements. Never leaves :mod:`lrs.stored`."""


class ProjectStore(Protocol):
    """The keys of pseudonyms. They stand among the keys of subjects, and are rotated with them; no identifier finds them. Thread-safe."""

    def project(self, tenant: str, purpose: str) -> ProjectRow | None:
        """Give the project of a purpose, an ended one too; None when it was never started."""

    def projects(self, tenant: str) -> list[ProjectRow]:
        """All projects of a tenant, oldest first."""

    def start_project(self, tenant: str, purpose: str, sid: int, key: WrappedKey, *, at: int, month: int) -> None:
        """Start a project with this key, unless there is one; raises :class:`EpochRetired` as :meth:`SubjectStore.add` does."""

    def end_project(self, tenant: str, purpose: str, *, at: int) -> bool:
        """Destroy the key of a project, for ever; False when it has ended or was never started."""


class CredentialRow(msgspec.Struct, frozen=True):
    """A credential as the vault keeps it. ``secret`` is a password hash; ``authority`` is the JSON of an agent, sealed.

    ``purpose`` is what it reads for; empty for the default purpose of the policy. The others are what :class:`lrs.access.Handling` says.
    """

    id: str
    tenant: str
    name: str
    username: str
    secret: str
    scopes: tuple[str, ...]
    view: str
    authority: bytes
    created: int
    revoked: int | None = None
    purpose: str = ""
    repairs: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    quarantine_days: int = 0

    def __repr__(self) -> str:
        return f"CredentialRow(id={self.id!r}, tenant={self.tenant!r})"


class CredentialStore(Protocol):
    """The credentials' part of the vault. Thread-safe."""

    def add_credentials(self, rows: Sequence[CredentialRow]) -> None:
        """Add all of them or none; a username that is in use raises :class:`lrs.errors.ConfigurationError`."""

    def credential(self, username: str) -> CredentialRow | None:
        """The live (not revoked) credential of this username."""

    def credential_by_id(self, identifier: str) -> CredentialRow | None:
        """The live credential of this id."""

    def credentials(self, tenant: str | None = None) -> list[CredentialRow]:
        """All of them, revoked ones too, oldest first."""

    def replace_secret(self, credential_id: str, *, old: str, new: str) -> None:
        """Give a credential another password hash, if it still has the ``old`` one."""

    def revoke_credential(self, credential_id: str, *, at: int) -> bool:
        """Revoke one by id; False when there is none or it was revoked before."""

    def spend(self, tenant: str, number: bytes, *, until: int, now: int) -> bool:
        """Note that a launch of this number was used; False when it was before, whoever noted it. It is remembered ``until`` then (seconds since 1970)."""

    def change_credential(self, row: CredentialRow) -> None:
        """Say anew what is done with what a credential sends: repairs, profiles and days of quarantine are kept as the row has them, all else as it is."""


class QuarantinedRow(msgspec.Struct, frozen=True, gc=False):
    """What could not be taken, and why: the ``code`` and the words of an error, which name places and hold no value. ``sealed`` is empty in lists.

    ``key`` follows from the content, with a key of the tenant. ``source`` is the endpoint of events; empty for statements. It is there ``until`` then.
    ``asked`` is not None while it is to be tried once more by whoever holds the store.
    """

    key: bytes
    credential: str
    source: str
    code: str
    reason: str
    since: int
    until: int
    asked: str | None = None
    sealed: bytes = b""

    def __repr__(self) -> str:
        return f"QuarantinedRow(code={self.code!r})"


class QuarantineStore(Protocol):
    """The quarantine's part of the vault. Thread-safe. What is past its time is not given any more, and is there until it is pruned."""

    def quarantine(self, tenant: str, rows: Sequence[QuarantinedRow], *, most: int) -> bool:
        """Keep rows, those whose key is kept already apart: all, or none and False where the tenant would have more than ``most`` sealed bytes."""

    def quarantined(self, tenant: str, *, now: int) -> list[QuarantinedRow]:
        """All that is kept of a tenant, oldest first, without what is sealed."""

    def quarantined_content(self, tenant: str, key: bytes, *, now: int) -> QuarantinedRow | None:
        """One of them, with what is sealed."""

    def drop_quarantined(self, tenant: str, keys: Sequence[bytes]) -> int:
        """Delete these -> how many there were."""

    def ask_replay(self, tenant: str, keys: Sequence[bytes], asked: str | None) -> None:
        """Ask that these be tried once more, in the name of the credential ``asked``, or of the one that sent them where that is empty; None: no more."""

    def claim_replay(self, *, now: int) -> tuple[str, QuarantinedRow] | None:
        """Give (tenant, entry) of one that is asked for, to one caller alone, and only once."""

    def note_replay(self, tenant: str, key: bytes, *, code: str, reason: str) -> None:
        """Say why one could not be taken this time either; it is not asked for any more."""

    def prune_quarantine(self, *, now: int, tenant: str | None = None) -> int:
        """Delete what is past its time, of one tenant or of all -> how many there were."""


class PresenceRow(msgspec.Struct, frozen=True, gc=False):
    """Somebody in a sitting of a virtual class; ``sitting`` and ``key`` follow from the sitting and from the person in it, with a key of the tenant.

    ``sealed``, under the key of the subject ``sid``, is who it is. ``came``, ``left`` and ``closed`` are milliseconds since 1970, -1 where nothing is known.
    It is there ``until`` then.
    """

    sitting: bytes
    key: bytes
    sid: int
    came: int
    left: int
    closed: int
    until: int
    sealed: bytes

    def __repr__(self) -> str:
        return "PresenceRow(...)"


class PresenceStore(Protocol):
    """The attendances' part of the vault. Thread-safe. What is past its time is not given any more, and is there until it is pruned."""

    def presences(self, tenant: str, sitting: bytes, key: bytes | None = None, *, now: int) -> list[PresenceRow]:
        """Everybody in a sitting, or the one of this key."""

    def keep_presences(self, tenant: str, rows: Sequence[PresenceRow]) -> None:
        """Keep rows: of somebody who is there already the later of each two times counts, and who it is stays. People who are gone are passed over."""

    def prune_presences(self, *, now: int, tenant: str | None = None) -> int:
        """Delete what is past its time, of one tenant or of all -> how many there were."""


class DocumentRow(msgspec.Struct, frozen=True, gc=False):
    """One document as the vault keeps it: blind indexes, and sealed bytes.

    ``key`` stands for the whole key of the document, ``context`` for its kind, activity and agent, ``registered`` for these and the
    registration. ``sid`` is the subject under whose key ``name`` (what the key was made of) and ``content`` (with its media type) are
    sealed. ``updated`` is when it was last written.
    """

    key: bytes
    context: bytes
    registered: bytes
    sid: int
    name: bytes
    content: bytes
    updated: int

    def __repr__(self) -> str:
        return "DocumentRow(...)"


class DocumentName(msgspec.Struct, frozen=True, gc=False):
    """A document in a list; the fields mean what they mean in :class:`DocumentRow`."""

    key: bytes
    sid: int
    name: bytes
    updated: int


Change = Callable[[DocumentRow | None], DocumentRow]
"""The document that is there, or None -> the one that shall be there instead, of the same key."""


class DocumentStore(Protocol):
    """The documents' part of the vault. Thread-safe.

    Looking at a document and changing it are one transaction: of several callers, threads or processes, each sees what the one before has
    left. What the function that looks raises is raised, and nothing has happened. It may be called again when somebody else came first, so it
    must do nothing but decide.
    """

    def document(self, tenant: str, key: bytes) -> DocumentRow | None:
        """The document of this key."""

    def change_document(self, tenant: str, key: bytes, change: Change) -> DocumentRow:
        """Put in place of a document what ``change`` makes of it; durable when it returns what is there now."""

    def remove_document(self, tenant: str, key: bytes, check: Callable[[DocumentRow | None], None]) -> None:
        """Delete a document that ``check`` has nothing against; that there is none is no error."""

    def documents(self, tenant: str, context: bytes, registered: bytes | None = None, *, since: int | None = None) -> list[DocumentName]:
        """The documents of a context, of one registration if ``registered`` is given, written after ``since``; in order of ``updated``."""

    def documents_of(self, tenant: str, sid: int) -> list[DocumentName]:
        """Every document about a subject, in order of ``updated``."""

    def delete_documents(self, tenant: str, context: bytes, registered: bytes | None = None) -> int:
        """Delete them -> how many there were."""


class DeadLetter(msgspec.Struct, frozen=True, gc=False):
    """A statement that a target refused: when it was stored here, the code of the refusal, and when that was. It holds nothing of the statement."""

    stored: int
    code: str
    tried: int


class ErasureNotice(msgspec.Struct, frozen=True, gc=False):
    """The id of an erased statement that a target has still to be told: ``key`` tells notices apart, ``sealed`` is the id as the target knows it."""

    key: bytes
    sealed: bytes

    def __repr__(self) -> str:
        return "ErasureNotice(...)"


class ForwardStore(Protocol):
    """The part of the vault that remembers what other record stores were given. Thread-safe."""

    def forwarded_through(self, tenant: str, target: str) -> int | None:
        """The time through which a target has everything; None when it was given nothing yet."""

    def advance(self, tenant: str, target: str, through: int, letters: Sequence[DeadLetter] = ()) -> None:
        """Note how far a target is, and what it refused on the way, in one durable transaction."""

    def heard_through(self, tenant: str, target: str) -> int:
        """The number of the entry in the ledger of consents through which withdrawals were noted for a target; 0: none was."""

    def hear(self, tenant: str, target: str, number: int) -> None:
        """Note through which entry of the ledger withdrawals were noted."""

    def dead_letters(self, tenant: str, target: str) -> list[DeadLetter]:
        """What a target refused and was not given since, oldest first."""

    def drop_letters(self, tenant: str, target: str, letters: Sequence[DeadLetter]) -> None:
        """Forget letters."""

    def add_notices(self, tenant: str, target: str, notices: Sequence[ErasureNotice]) -> None:
        """Keep notices until they are dropped; one that is there changes nothing. Durable when it returns."""

    def notices(self, tenant: str, target: str) -> list[ErasureNotice]:
        """The notices that a target has still to be told."""

    def drop_notices(self, tenant: str, target: str, notices: Sequence[ErasureNotice]) -> None:
        """Forget notices."""


class RequestRow(msgspec.Struct, frozen=True, kw_only=True):
    """A request of a person in the register: days as YYYY-MM-DD, an empty one is yet to come. ``sid`` is taken out when the person is erased."""

    number: int
    kind: str
    state: str
    sid: int | None
    received: str
    closed: str = ""
    delay: str = ""
    refusal: str = ""
    reference: str = ""


class BreachRow(msgspec.Struct, frozen=True, kw_only=True):
    """A breach in the register. Times as elsewhere; None: not yet. ``facts`` is the JSON of what was assessed; ``reference`` names a file elsewhere.

    ``authority``, ``controller`` and ``persons`` are when each of them was told, ``outcome`` what was decided when it was closed.
    """

    number: int
    aware: int
    facts: str
    reference: str = ""
    authority: int | None = None
    controller: int | None = None
    persons: int | None = None
    closed: int | None = None
    outcome: str = ""


RegisterEntry = TypeVar("RegisterEntry", RequestRow, BreachRow)


class RegisterStore(Protocol):
    """The part of the vault that keeps registers. Thread-safe."""

    def enter(self, tenant: str, entry: RegisterEntry) -> RegisterEntry:
        """Enter something under the tenant's next number -> the entry."""

    def entry(self, kind: type[RegisterEntry], tenant: str, number: int) -> RegisterEntry | None:
        """The entry of this number."""

    def entries(self, kind: type[RegisterEntry], tenant: str) -> list[RegisterEntry]:
        """All entries, oldest first."""

    def change_entry(
        self, kind: type[RegisterEntry], tenant: str, number: int, change: Callable[[RegisterEntry | None], RegisterEntry]
    ) -> RegisterEntry:
        """Look at an entry and put another one in its place, in one transaction; what ``change`` raises is raised, and nothing has happened."""


class ErasureState(StrEnum):
    """How far an erasure is. What comes after a state is done again, from its beginning, when it was interrupted."""

    REQUESTED = "requested"
    SHREDDED = "shredded"
    TOLD = "told"
    DELETED = "deleted"


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the ledger of erasures: whose numbers, when, and until when what was erased is not taken in again.

    ``counts`` say how much it was, ``receipt`` is the signed note, empty until it is over.
    """

    seq: int
    tenant: str
    at: int
    until: int
    state: ErasureState
    sids: tuple[int, ...]
    counts: Mapping[str, int] = {}
    receipt: str = ""

    def __repr__(self) -> str:
        return f"Erasure(seq={self.seq}, state={self.state.value!r})"


class ErasureStore(Protocol):
    """The part of the vault that forgets people, and knows what it has forgotten. Thread-safe; each call is one durable transaction."""

    def request_erasure(
        self, tenant: str, sids: Sequence[int], keys: Sequence[bytes], *, at: int, until: int, counts: Mapping[str, int]
    ) -> Erasure:
        """Add an entry to the ledger, and suppress these keys until ``until``."""

    def erasures(self) -> list[Erasure]:
        """The ledger, oldest first."""

    def note_erasure(self, erasure: Erasure) -> None:
        """Put down ``state``, ``counts`` and ``receipt`` of an entry."""

    def kept(self, tenant: str, sids: Sequence[int]) -> Mapping[str, int]:
        """Table -> how many rows of it are about these subjects."""

    def shred(self, tenant: str, sids: Sequence[int], credentials: Sequence[str]) -> None:
        """Delete these subjects, with their keys, identifiers, spellings and documents, and these credentials."""

    def scrub(self) -> None:
        """Let go of the bytes of what was deleted, where the database keeps them: SQLite's log, dead rows of PostgreSQL.

        Raises :class:`lrs.errors.StoreUnavailable` when a reader keeps them in use for long.
        """

    def suppress(self, tenant: str, keys: Sequence[bytes], *, until: int) -> None:
        """Suppress these keys until a time, or until a later one that they have already."""

    def suppressed(self, tenant: str, keys: Sequence[bytes], *, now: int) -> set[bytes]:
        """Of these keys, those that are suppressed."""

    def suppression(self, tenant: str, *, now: int) -> tuple[int, int]:
        """Tell one state of what is suppressed from another: (erasures whose time is not over, the last one's number).

        Raises :class:`lrs.KeyUnavailable` for a tenant that has ended.
        """

    def end_suppression(self, *, now: int) -> None:
        """Forget the keys whose time is over."""

    def suppressions(self) -> list[tuple[str, bytes, int]]:
        """(tenant, key, until) of everything that is suppressed: what a backup keeps beside the ledger."""

    def restore_ledger(self, erasures: Sequence[Erasure], suppressions: Sequence[tuple[str, bytes, int]]) -> int:
        """Take in a newer ledger, and mark all of it as requested -> how many entries there are now.

        Entries are known by tenant, time and people: this is for a vault that was put back from a backup of the same store. New ones keep their numbers, which
        others that have them make room for. Whoever opens the store next erases anew what came back (:meth:`lrs.rights.erasure.Erasures.resume`).
        """

    def drop_letters_at(self, tenant: str, stored: Sequence[int]) -> None:
        """Forget the dead letters of statements that were stored at these times."""


class ConsentRow(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry in the ledger of consents: what a person said about a purpose, when, and who recorded it when and how. No free text.

    ``number`` is the entry's own in its tenant, in order of recording. ``notice`` is the digest of the text that was shown, empty where none was.
    """

    number: int
    sid: int
    kind: str
    purpose: str
    at: int
    recorded: int
    notice: str
    method: str
    recorder: str

    def __repr__(self) -> str:
        return f"ConsentRow(number={self.number}, kind={self.kind!r})"


class NoticeRow(msgspec.Struct, frozen=True, kw_only=True):
    """A text that people are shown. ``digest`` is the SHA-256 of it; ``version`` counts texts of the same purpose, audience and language, from 1."""

    digest: str
    purpose: str
    audience: str
    language: str
    version: int
    text: str
    added: int


class ConsentStore(Protocol):
    """The part of the vault that keeps what people said, append-only, and the texts that they were shown. Thread-safe."""

    def last_consent(self, tenant: str) -> int:
        """The number of the newest entry of a tenant, erased ones too; 0 when there was never one."""

    def add_consents(self, tenant: str, rows: Sequence[ConsentRow]) -> int:
        """Append entries, numbered anew, in one durable transaction -> the last number. Who sees a number sees all entries before it."""

    def consents(self, tenant: str, sids: Collection[int]) -> list[ConsentRow]:
        """The entries of these subjects, in order of their numbers."""

    def consents_of_all_with(self, tenant: str, kinds: Collection[str]) -> list[ConsentRow]:
        """All entries, in order, of the people of whom there is one of these kinds."""

    def consenting(self, tenant: str, *, after: int, limit: int) -> tuple[frozenset[int], int]:
        """The subjects of the next so many entries after a number, and through which number these go: the last one of all when they end."""

    def add_notice_text(self, tenant: str, row: NoticeRow) -> NoticeRow:
        """Append a text as the next version of its purpose, audience and language; one that is the newest already changes nothing."""

    def notice_texts(self, tenant: str) -> list[NoticeRow]:
        """All texts of a tenant, oldest first."""
