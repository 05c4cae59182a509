"""Passes for browsers: a token that says one agent did something about one activity, and nothing else, for a short while.

A page can keep no secret, so a platform gets a pass for each learner and hands it over. The pass is sealed under the tenant's key and bound to the credential
that asked for it: nobody reads the learner in it, and it ends with the credential. Nothing of it is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import attrs
import msgspec

from lrs.access import BEARER, Action, Narrow, Principal, Scope, View, decide
from lrs.errors import InvalidRequest, NotAuthenticated, NotPermitted
from lrs.xapi import lookup, parameters
from lrs.xapi.formats import is_iri, is_uuid

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys

PREFIX = "lrsp."
"""What tells a pass from the token of an issuer."""
USERNAME = "pass"
"""Under which a pass comes by HTTP Basic, from who can send nothing else."""
USUAL = 3600
LONGEST = 24 * 3600
"""Seconds that a pass is good for."""
_LONGEST_SESSION = 200
_REFUSED = "the pass is damaged, has expired, or the credential that it was made for is revoked"


def issue(principal: Principal, asked: Any, *, keys: TenantKeys, now: int) -> tuple[str, int]:
    """Make a pass of ``agent``, ``activity``, perhaps ``registration`` and ``ttl`` -> (the token, the second since 1970 when it ends).

    Raises :class:`lrs.errors.InvalidRequest`, :class:`lrs.errors.NotPermitted`.
    """
    decide(principal, Action.WRITE_STATEMENTS)
    if principal.shown == BEARER:
        raise NotPermitted("a bearer token makes no passes and launches: they hold as long as a credential of the store does")
    if principal.narrow is not None:
        raise NotPermitted("a pass makes no passes")
    narrow, ttl = read(asked, needed=frozenset({"agent", "activity"}), optional=frozenset({"registration", "ttl"}))
    until = now + ttl
    return made(principal.credential_id, narrow, keys=keys, until=until), until


def made(credential: str, narrow: Narrow, *, keys: TenantKeys, until: int) -> str:
    """Make the token of a pass that is good until a second since 1970."""
    return f"{PREFIX}{credential}.{keys.tokens.seal(msgspec.json.encode(attrs.asdict(narrow)), bound_to=_bound(credential), until=until)}"


def opened(token: str, *, live: Callable[[str], Principal | None], keys: Callable[[str], TenantKeys], now: int) -> Principal:
    """Say who comes with a pass; ``live`` gives the principal of a credential by its id. Raises :class:`lrs.errors.NotAuthenticated`."""
    identifier, _, sealed = token.removeprefix(PREFIX).partition(".")
    owner = live(identifier)
    if owner is None:
        raise NotAuthenticated(_REFUSED)
    try:
        payload = keys(owner.tenant).tokens.open(sealed, bound_to=_bound(identifier), now=now)
    except InvalidRequest:
        raise NotAuthenticated(_REFUSED) from None
    narrow = msgspec.convert(msgspec.json.decode(payload), Narrow)
    handling = attrs.evolve(owner.handling, quarantine_days=0)
    if narrow.session:
        return attrs.evolve(owner, scopes=_of_a_unit(owner), handling=handling, narrow=narrow)
    return attrs.evolve(owner, scopes=frozenset({Scope.STATEMENTS_WRITE}), view=View.AGGREGATE, handling=handling, narrow=narrow)


def _of_a_unit(owner: Principal) -> frozenset[Scope]:
    """Give what a launched unit needs of what its owner may do: statements, states, and preferences in a profile."""
    unit = frozenset({Scope.STATEMENTS_WRITE, Scope.STATE, Scope.PROFILE})
    return unit if Scope.ALL in owner.scopes else unit & owner.scopes


def read(asked: Any, *, needed: frozenset[str], optional: frozenset[str]) -> tuple[Narrow, int]:
    """Check what a pass is asked for with -> (what it is for, seconds); raises :class:`lrs.errors.InvalidRequest`."""
    if not isinstance(asked, dict) or not needed <= asked.keys() <= needed | optional:
        raise InvalidRequest(
            f"it is asked for by an object with {', '.join(sorted(needed))}, perhaps {' and '.join(sorted(optional))}", parameter="agent"
        )
    activity, registration, session = asked["activity"], asked.get("registration", ""), asked.get("session", "")
    lookup.agent([("agent", parameters.spelled(asked["agent"]))])
    identifiers = [key for key in ("mbox", "mbox_sha1sum", "openid", "account") if key in asked["agent"]]
    if not isinstance(activity, str) or not is_iri(activity):
        raise InvalidRequest("the activity is not an IRI", parameter="activity")
    if not isinstance(registration, str) or (registration and not is_uuid(registration)):
        raise InvalidRequest("the registration is not a UUID", parameter="registration")
    if not isinstance(session, str) or len(session) > _LONGEST_SESSION:
        raise InvalidRequest(f"the session is not a text of up to {_LONGEST_SESSION} characters", parameter="session")
    if "registration" in needed and not (registration and session):
        raise InvalidRequest("registration and session are empty", parameter="session")
    return Narrow({key: asked["agent"][key] for key in identifiers}, activity, registration.lower(), session), _seconds(asked)


def _seconds(asked: dict[str, Any]) -> int:
    ttl = asked.get("ttl", USUAL)
    if isinstance(ttl, bool) or not isinstance(ttl, int) or not 0 < ttl <= LONGEST:
        raise InvalidRequest(f"ttl is a number of seconds, {LONGEST} at most", parameter="ttl")
    return ttl


def _bound(credential: str) -> str:
    return f"pass:{credential}"
