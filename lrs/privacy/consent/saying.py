"""What somebody asks to have recorded, and whether it can be: by the policy, by the notices, by the clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.errors import InvalidRequest
from lrs.privacy.consent.entry import Kind, Method
from lrs.privacy.policy.model import LegalBasis, Policy, Purpose
from lrs.storage.contract import EVERY_PURPOSE
from lrs.xapi import parameters

if TYPE_CHECKING:
    from lrs.xapi.model import Person

_ABOUT_ALL = (Kind.RESTRICT, Kind.LIFT)
_NO_OBJECTION = (LegalBasis.CONTRACT, LegalBasis.LEGAL_OBLIGATION, LegalBasis.VITAL_INTERESTS)


class Saying(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person said: an ``agent`` as a dict; what (:class:`Kind`), about which purpose, ``at`` which time, how.

    ``at`` is microseconds since 1970 UTC, a timestamp, or a datetime with a time zone; None: now.

    ``notice`` is the digest of the text that was shown, which a consent needs. A restriction and its end are about every purpose.
    """

    agent: Mapping[str, Any] | str
    kind: Kind
    purpose: str = EVERY_PURPOSE
    at: Any = None
    notice: str = ""
    method: Method = Method.FORM

    def __repr__(self) -> str:
        return f"Saying({self.kind})"


def check(saying: Saying, policy: Policy, shown: Collection[str]) -> None:
    """Refuse what can't be said about a purpose of this policy; ``shown`` are the digests of the texts about it. Raises :class:`lrs.errors.InvalidRequest`."""
    if saying.kind is Kind.JOIN:
        raise InvalidRequest("nobody says that: the store finds it out", parameter="kind")
    if saying.kind in _ABOUT_ALL:
        if saying.purpose != EVERY_PURPOSE:
            raise InvalidRequest("a restriction is about every purpose (GDPR art. 18)", parameter="purpose")
        return
    found = [each for each in policy.purposes if each.id == saying.purpose]
    if not found:
        raise InvalidRequest("the policy has no such purpose", parameter="purpose")
    _check_basis(saying.kind, found[0])
    if saying.kind is Kind.GIVE and saying.notice not in shown:
        raise InvalidRequest("a consent names the digest of a registered text about its purpose (GDPR art. 7(1))", parameter="notice")


def person_of(agent: Mapping[str, Any] | str) -> Person:
    """Give whom it is about; raises :class:`lrs.errors.InvalidRequest` unless it is a person, not a group."""
    try:
        return parameters.agent(parameters.spelled(agent))
    except parameters.Unfit as unfit:
        raise InvalidRequest(str(unfit), parameter="agent") from None


def moment(saying: Saying, now: int) -> int:
    """Give when it was said; raises :class:`lrs.errors.InvalidRequest` for a time that is yet to come."""
    if saying.at is None:
        return now
    try:
        at = saying.at if type(saying.at) is int else parameters.timestamp(parameters.spelled(saying.at))
    except parameters.Unfit as unfit:
        raise InvalidRequest(str(unfit), parameter="at") from None
    if not 0 < at <= now:
        raise InvalidRequest("it is yet to come", parameter="at", hint="Leave it out for what is said now.")
    return at


def _check_basis(kind: Kind, purpose: Purpose) -> None:
    if kind in (Kind.GIVE, Kind.WITHDRAW) and not purpose.on_consent:
        raise InvalidRequest("the purpose does not rest on consent", parameter="purpose", hint="Its legal basis stands in the policy.")
    if kind is Kind.OBJECT and purpose.on_consent:
        raise InvalidRequest("the purpose rests on consent", parameter="kind", hint="Withdraw the consent.")
    if kind is Kind.OBJECT and purpose.legal_basis in _NO_OBJECTION:
        raise InvalidRequest("there is no right to object to a purpose of this legal basis (GDPR art. 21(1))", parameter="purpose")
