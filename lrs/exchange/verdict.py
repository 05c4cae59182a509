"""What a record store answered to statements that were sent to it, in our words."""

from __future__ import annotations

from http import HTTPStatus

from lrs.errors import Conflict, InvalidRequest, LimitExceeded, LRSError, StoreUnavailable
from lrs.exchange.peer import Answer, said


def verdict(answer: Answer) -> LRSError | None:
    """Answer to a write -> None when the statements were stored, else why not. The words are ours, or those of a store of our kind, which quotes nothing."""
    if answer.status in (HTTPStatus.OK, HTTPStatus.NO_CONTENT):
        return None
    message = said(answer) or f"the record store answered {answer.status}"
    if answer.status == HTTPStatus.CONFLICT:
        return Conflict(message)
    if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return StoreUnavailable(message)
    return LimitExceeded(message) if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else InvalidRequest(message)
