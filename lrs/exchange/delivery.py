"""Statements and erasures given to one record store; what it refuses is told apart from what it can't take now."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlencode
from uuid import UUID, uuid5

import msgspec

from lrs.errors import LRSError, NotPermitted, StoreUnavailable
from lrs.exchange.parcel import Parcel, request
from lrs.exchange.peer import Peer
from lrs.exchange.targets import Erasure
from lrs.exchange.verdict import verdict

if TYPE_CHECKING:
    from lrs.privacy.attachments import StoredContents

_VOIDED = "http://adlnet.gov/expapi/verbs/voided"
_VOIDING = UUID("5a8e0c0e-6f0b-4c3b-9a53-1d0d5b1f2c77")
"""Namespace of the ids of voiding statements: one that is sent again is recognised."""
_GONE = frozenset({HTTPStatus.OK, HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.GONE})

Refusal = tuple[Parcel, LRSError]


def deliver(peer: Peer, parcels: Sequence[Parcel], contents: StoredContents | None) -> list[Refusal]:
    """Give statements to a store -> those that it refuses, each for itself.

    A batch that is refused is halved until what is at fault stands alone. A store that refuses all of them for reasons of its own, is away, or does not
    know the credential raises :class:`lrs.errors.LRSError`: they are to be sent again.
    """
    refused = _halved(peer, parcels, contents)
    if parcels and len(refused) == len(parcels) and all(isinstance(error, StoreUnavailable | NotPermitted) for _, error in refused):
        raise refused[0][1]
    return refused


def tell(peer: Peer, erasure: Erasure, statement_id: UUID, actor: bytes) -> bool:
    """Tell a store that a statement was erased -> whether it has done what it shall; raises as :func:`deliver` does."""
    try:
        if erasure is Erasure.DELETE:
            target = f"{peer.statements}?{urlencode({'statementId': str(statement_id)})}"
            return peer.ask("DELETE", target, expected=_GONE).status in _GONE
        body = msgspec.json.encode(
            {
                "id": uuid5(_VOIDING, str(statement_id)),
                "actor": msgspec.Raw(actor),
                "verb": {"id": _VOIDED},
                "object": {"objectType": "StatementRef", "id": statement_id},
            }
        )
        answer = peer.ask("POST", peer.statements, body, Content_Type="application/json")
        return answer.status == HTTPStatus.CONFLICT or verdict(answer) is None
    except NotPermitted:
        return False


def _halved(peer: Peer, parcels: Sequence[Parcel], contents: StoredContents | None) -> list[Refusal]:
    error = _post(peer, parcels, contents) if parcels else None
    if error is None:
        return []
    if len(parcels) == 1:
        return [(parcels[0], error)]
    middle = len(parcels) // 2
    return [*_halved(peer, parcels[:middle], contents), *_halved(peer, parcels[middle:], contents)]


def _post(peer: Peer, parcels: Sequence[Parcel], contents: StoredContents | None) -> LRSError | None:
    body, kind = request(parcels, contents)
    try:
        return verdict(peer.ask("POST", peer.statements, body, Content_Type=kind))
    except NotPermitted as error:
        return error
