"""How one person stands to the purposes of a policy, for people to read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum

import msgspec

from lrs.privacy.consent.entry import Kind, covered, is_hidden
from lrs.privacy.policy.model import Policy, Purpose
from lrs.storage.contract import EVERY_PURPOSE, ConsentRow


class Consent(StrEnum):
    """What became of a consent."""

    NONE = "none"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class PurposeState(msgspec.Struct, frozen=True, kw_only=True):
    """How a person stands to one purpose. ``consent`` is empty where the purpose does not rest on one.

    ``notice`` is the digest of the text that the last consent named; ``reconsent_due``: another text has taken its place since.
    """

    purpose: str
    consent: str = ""
    since: int | None = None
    notice: str = ""
    reconsent_due: bool = False
    objected: bool = False


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a person stands to the purposes of the policy; ``restricted``: nothing of theirs is used but for what the law asks for."""

    restricted: bool
    purposes: tuple[PurposeState, ...]


def state(rows: Collection[ConsentRow], policy: Policy, current: Mapping[str, Mapping[str, bool]]) -> State:
    """Say how a person stands, from all entries about them; ``current``: purpose -> digest of a text about it -> whether it is still a newest one."""
    said = sorted(rows, key=lambda row: (row.at, row.number))
    of = {purpose.id: [row for row in said if row.purpose == purpose.id] for purpose in policy.purposes}
    return State(
        restricted=is_hidden([row for row in said if row.purpose == EVERY_PURPOSE]),
        purposes=tuple(_about(each, of[each.id], current.get(each.id, {})) for each in policy.purposes),
    )


def _about(purpose: Purpose, said: Sequence[ConsentRow], current: Mapping[str, bool]) -> PurposeState:
    if not purpose.on_consent:
        return PurposeState(purpose=purpose.id, objected=is_hidden(said))
    times = covered(said)
    given = [row for row in said if row.kind == Kind.GIVE]
    if not given:
        return PurposeState(purpose=purpose.id, consent=Consent.NONE)
    last = [row for row in said if row.kind in (Kind.GIVE, Kind.WITHDRAW)][-1]
    return PurposeState(
        purpose=purpose.id,
        consent=Consent.GIVEN if times else Consent.WITHDRAWN,
        since=times[-1][0] if times else last.at,
        notice=given[-1].notice,
        reconsent_due=bool(times) and not current.get(given[-1].notice, False),
    )
