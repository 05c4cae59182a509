"""Statements without identity: what is kept of one that serves no purpose of the policy.

Nobody in it is taken into the vault: one common stub stands in every place of a person. What could name somebody is not kept either.
"""

from __future__ import annotations

import msgspec

from lrs.storage.contract import NO_UUID
from lrs.xapi.model import Part, Person, Statement
from lrs.xapi.walk import canonical_ifi

_HOME, _NAME = "https://lrs.invalid/without-identity", "nobody"
_ACCOUNT = b'"account":{"homePage":"%b","name":"%b"}}' % (_HOME.encode(), _NAME.encode())
_KIND = {False: b'{"objectType":"Agent",', True: b'{"objectType":"Group",'}
_IFI = canonical_ifi("account", _HOME, _NAME)


def nameless(statement: Statement) -> Statement:
    """Put the stub in place of every person, and leave out the registration and what was said of activities."""
    registration = None if statement.registration is None else NO_UUID
    parts = [_stub(part) for part in statement.parts]
    return msgspec.structs.replace(statement, parts=parts, registration=registration, definitions=())


def _stub(part: Part) -> Part:
    if not isinstance(part, Person):
        return part
    # What is known of the person stays, so that the self-mention scan still finds it elsewhere.
    return msgspec.structs.replace(part, json=_KIND[part.is_group] + _ACCOUNT, ifi=_IFI)
