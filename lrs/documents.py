"""States and profiles: reading, writing, merging and deleting documents, with the concurrency rules of each version.

    put, post, delete:  decide -> one transaction: what is there -> preconditions -> replace, merge or delete
    get, listing:       decide -> open

What is there is looked at and changed with the document locked, so that of two writers who have read the same one only the first wins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from lrs.access import Action, Principal, decide
from lrs.confine import confine_document, confine_documents
from lrs.errors import Conflict, InvalidRequest, InvalidStatement, LimitExceeded, NotFound, NotPermitted
from lrs.privacy.audit import REFUSED, Audit, Event
from lrs.privacy.consent.readings import Readings
from lrs.privacy.documents import SealedDocuments, Vault
from lrs.privacy.policy.reading import Times
from lrs.xapi import codec, documents, parameters, preconditions
from lrs.xapi.documents import JSON, Content, Context, Document, Kind
from lrs.xapi.preconditions import Preconditions
from lrs.xapi.versions import V1

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys

_BYTES = "application/octet-stream"
_CONCURRENCY = "xAPI 1.0.3 Communication 3.1"
_ACTIONS = {
    Kind.STATE: (Action.READ_STATES, Action.WRITE_STATES),
    Kind.ACTIVITY_PROFILE: (Action.READ_PROFILES, Action.WRITE_PROFILES),
    Kind.AGENT_PROFILE: (Action.READ_PROFILES, Action.WRITE_PROFILES),
}
Agent = Mapping[str, Any] | str
"""An agent as a dict, or as its JSON."""
Reads = Callable[[Principal, Collection[int]], tuple[Principal, Times]]
"""(who reads, the people whom documents are about) -> (who it is for the audit trail, the times of documents that it sees)."""


class Listing(msgspec.Struct, frozen=True):
    """Some documents' ids, in the order of their last writing, and the time of the last one in microseconds (None: no document)."""

    ids: list[str]
    updated: int | None

    def __repr__(self) -> str:
        return f"Listing({len(self.ids)} ids)"


class Documents:
    """All documents of a store, on shelves: one for each activity, agent, or both. Thread-safe."""

    def __init__(
        self,
        vault: Vault,
        *,
        keys: Callable[[str], TenantKeys],
        owner: Principal,
        clock: Callable[[], int],
        month: Callable[[], int],
        largest: int,
        audit: Audit,
        readings: Readings,
    ) -> None:
        self._readings = readings
        self._audit = audit
        self._vault = vault
        self._keys = keys
        self._owner = owner
        self._clock = clock
        self._month = month
        self._largest = largest
        self._tenants: dict[str, SealedDocuments] = {}

    def state(
        self,
        activity: str,
        agent: Agent,
        *,
        registration: UUID | str | None = None,
        principal: Principal | None = None,
        version: str = V1,
    ) -> Shelf:
        """Give the states of an agent in an activity, or in one registration of it. Raises :class:`lrs.InvalidRequest`."""
        context = documents.context(Kind.STATE, activityId=activity, agent=agent, registration=registration)
        return self.shelf(context, principal=principal, version=version)

    def activity_profile(self, activity: str, *, principal: Principal | None = None, version: str = V1) -> Shelf:
        """Give the profile documents of an activity. Raises :class:`lrs.InvalidRequest`."""
        return self.shelf(documents.context(Kind.ACTIVITY_PROFILE, activityId=activity), principal=principal, version=version)

    def agent_profile(self, agent: Agent, *, principal: Principal | None = None, version: str = V1) -> Shelf:
        """Give the profile documents of an agent. Raises :class:`lrs.InvalidRequest`."""
        return self.shelf(documents.context(Kind.AGENT_PROFILE, agent=agent), principal=principal, version=version)

    def shelf(self, context: Context, *, principal: Principal | None = None, version: str = V1) -> Shelf:
        """Give the documents of a checked context, as a caller sees them under a version of xAPI."""
        caller = principal or self._owner
        confine_documents(context, caller.narrow)
        return Shelf(
            self._sealed(caller.tenant), context, caller, version=version, largest=self._largest, audit=self._audit, reads=self._reads
        )

    def _reads(self, caller: Principal, sids: Collection[int]) -> tuple[Principal, Times]:
        """Let a reader see no more than the purpose that it reads for -> (the reader, the times of documents about these people that it sees).

        A purpose that shows some properties of statements shows no documents; one that rests on consent shows those that were written while one was in force.
        """
        purpose, narrowed = self._readings.of(caller)
        if purpose.purpose.fields:
            raise NotPermitted("the purpose shows some properties of statements, and no documents")
        return narrowed, self._readings.times(purpose, caller.tenant, sids)

    def forget(self) -> None:
        """Drop every key from memory."""
        for sealed in self._tenants.values():
            sealed.forget()

    def _sealed(self, tenant: str) -> SealedDocuments:
        sealed = self._tenants.get(tenant)
        if sealed is None:
            keys = self._keys(tenant)
            sealed = self._tenants[tenant] = SealedDocuments(
                tenant, keys, self._vault, clock=self._clock, month=self._month, days=self._readings.policy(tenant).document_days
            )
        return sealed


class Shelf:
    """The documents of one context. Each call is one transaction, durable when it returns. Thread-safe.

    ``if_match`` and ``if_none_match`` are what the headers of these names hold: ``*``, or entity tags, as ``Document.etag`` gives them.
    A document that isn't as they require raises :class:`lrs.PreconditionFailed`, and nothing has changed.
    """

    def __init__(
        self,
        sealed: SealedDocuments,
        context: Context,
        caller: Principal,
        *,
        version: str,
        largest: int,
        audit: Audit,
        reads: Reads,
    ) -> None:
        self._audit = audit
        self._reads = reads
        self._sealed = sealed
        self._context = context
        self._caller = caller
        self._version = version
        self._largest = largest
        self._reading, self._writing = _ACTIONS[context.kind]

    def __repr__(self) -> str:
        return f"Shelf({self._context.kind})"

    def get(self, document_id: str) -> Document:
        """Read one document; raises :class:`lrs.NotFound`, :class:`lrs.NotPermitted`."""
        caller, times = self._decide_reading(document_id)
        found = self._sealed.read(self._context, self._checked(document_id))
        if found is None or not _within(times, found.updated):
            raise NotFound("no document is stored under this id")
        self._record(caller, self._reading, documents=1)
        return found

    def listing(self, *, since: int | str | datetime | None = None) -> Listing:
        """List the documents, of every registration unless the shelf is that of one, that were written after ``since`` (exclusive).

        ``since`` is a timestamp, a datetime with a time zone, or microseconds since 1970 UTC.
        """
        caller, times = self._decide_reading(None)
        found = [each for each in self._sealed.names(self._context, self._moment(since)) if _within(times, each[1])]
        self._record(caller, self._reading, ids=len(found))
        # Several registrations may have a document of the same id.
        return Listing(list(dict.fromkeys(name for name, _ in found)), found[-1][1] if found else None)

    def put(
        self,
        document_id: str,
        content: bytes | Mapping[str, Any],
        *,
        content_type: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Document:
        """Store a document in place of whatever is there -> what is there now.

        ``content`` is bytes of any ``content_type``, or a dict, which becomes JSON. Without a precondition a profile that is there, or under
        2.0 a state, is not replaced (:class:`lrs.Conflict`), and under 1.0.3 no profile is added (:class:`lrs.InvalidRequest`). Raises
        :class:`lrs.LimitExceeded`, :class:`lrs.NotPermitted` too.
        """
        required = preconditions.parse(if_match, if_none_match)
        new = self._content(content, content_type)

        def replace(old: Document | None) -> Content:
            self._check_put(old, required)
            return new

        return self._write(document_id, replace)

    def post(
        self,
        document_id: str,
        content: bytes | Mapping[str, Any],
        *,
        content_type: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Document:
        """Set the properties of a JSON object in the one that is there, or store a new document -> what is there now.

        Raises :class:`lrs.InvalidRequest` when one of the two is not ``application/json`` and an object; otherwise like :meth:`put`, save that
        no precondition is needed.
        """
        required = preconditions.parse(if_match, if_none_match)
        new = self._content(content, content_type)

        def merge(old: Document | None) -> Content:
            required.check(_tag(old))
            return self._fitting(documents.merged(old, new))

        return self._write(document_id, merge)

    def delete(self, document_id: str, *, if_match: str | None = None, if_none_match: str | None = None) -> None:
        """Delete one document; that it isn't there is no error."""
        caller = self._decide_writing(document_id)
        required = preconditions.parse(if_match, if_none_match)
        self._sealed.remove(self._context, self._checked(document_id), lambda old: required.check(_tag(old)))
        self._record(caller, self._writing, deleted=1)

    def clear(self) -> None:
        """Delete all documents, of every registration unless the shelf is that of one."""
        caller = self._decide_writing(None)
        self._sealed.clear(self._context)
        self._record(caller, self._writing, cleared=1)

    def _write(self, document_id: str, revise: Callable[[Document | None], Content]) -> Document:
        caller = self._decide_writing(document_id)
        written = self._sealed.write(self._context, self._checked(document_id), revise)
        self._record(caller, self._writing, documents=1)
        return written

    def _decide_reading(self, document_id: str | None) -> tuple[Principal, Times]:
        """Let the caller read, and give it as the audit trail names it, for a purpose, with the times of documents that it sees."""
        try:
            caller, times = self._reads(self._caller, self._sealed.about(self._context))
            decide(caller, self._reading)
            confine_document(self._context.kind, document_id, self._caller.narrow, writes=False)
        except NotPermitted:
            self._audit.put(Event.by(self._caller, self._reading, outcome=REFUSED))
            raise
        return caller, times

    def _decide_writing(self, document_id: str | None) -> Principal:
        """Let the caller write."""
        try:
            decide(self._caller, self._writing)
            confine_document(self._context.kind, document_id, self._caller.narrow, writes=True)
        except NotPermitted:
            self._audit.put(Event.by(self._caller, self._writing, outcome=REFUSED))
            raise
        return self._caller

    def _record(self, caller: Principal, action: Action, **counts: int) -> None:
        """Have the audit trail say what was done, and about whom, before it is answered."""
        self._audit.record(Event.by(caller, action, counts=counts, sids=self._sealed.about(self._context)))

    def _check_put(self, old: Document | None, required: Preconditions) -> None:
        """Refuse to replace what the caller has not seen (xAPI 1.0.3 Communication 3.1: profiles only; IEEE 9274.1.1 4.1.4: states too)."""
        if required or (self._context.kind is Kind.STATE and self._version == V1):
            required.check(_tag(old))
        elif old is not None:
            raise Conflict("the document is there already, and the request has neither If-Match nor If-None-Match", hint=_REPLACING)
        elif self._version == V1:
            raise InvalidRequest("PUT of a profile needs If-Match or If-None-Match", section=_CONCURRENCY, hint=_ADDING)

    def _content(self, content: bytes | Mapping[str, Any], content_type: str | None) -> Content:
        if isinstance(content, Mapping):
            content, content_type = _json(content), content_type or JSON
        return self._fitting(Content(content, documents.check_content_type(content_type or _BYTES)))

    def _fitting(self, content: Content) -> Content:
        if len(content.content) > self._largest:
            raise LimitExceeded(
                f"the document is larger than the {self._largest} bytes that are allowed (max_document_bytes)",
                hint="Raise the limit in the settings.",
            )
        return content

    def _moment(self, since: int | str | datetime | None) -> int | None:
        if since is None or isinstance(since, int):
            return since
        moment: int = documents.argument(self._context.kind, "since", parameters.timestamp, since)
        return moment

    def _checked(self, document_id: str) -> str:
        kind = self._context.kind
        checked: str = documents.argument(kind, kind.identifier, documents.identifier, document_id)
        return checked


_REPLACING = "Check the current state of the document with GET, and set If-Match to its current ETag to replace it."
_ADDING = "Send If-None-Match: * to add a document, or If-Match with the ETag of the one that you replace."


def _within(times: Times, updated: int) -> bool:
    return any(since <= updated < until for since, until in times)


def _tag(document: Document | None) -> str | None:
    return None if document is None else document.etag


def _json(content: Mapping[str, Any]) -> bytes:
    try:
        return codec.encode(content)
    except InvalidStatement:
        raise InvalidRequest("the document holds something that JSON has no word for") from None
