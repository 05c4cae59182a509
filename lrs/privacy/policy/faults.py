"""Whether what a policy says agrees with itself and with the law's demands: each fault names its key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from lrs.privacy.policy.model import REFUSE, WITHOUT_IDENTITY, Care, Match, PartyRole, Policy, Purpose
from lrs.xapi.fields import PROPERTIES

EEA = frozenset((
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO",
    "PL", "PT", "RO", "SE", "SI", "SK",
    # Regions that have codes of their own, and belong to the EU (TFEU art. 355(1)).
    "AX", "GF", "GP", "MF", "MQ", "RE", "YT",
))  # fmt: skip
"""Where no tool is needed for a transfer (GDPR ch. V)."""
_RESPONSIBLE = frozenset({PartyRole.CONTROLLER, PartyRole.JOINT_CONTROLLER})
_ALTERED = frozenset({"actor", "verb", "object", "id", "stored", "authority", "version", "timestamp"})
"""What a statement can't be without, or the store says itself."""


def faults(policy: Policy) -> Iterator[str]:
    """Yield everything that is wrong with a policy that was read."""
    yield from _parties(policy)
    yield from _purposes(policy)
    yield from _references(policy)
    yield from _archive(policy)
    for n, rule in enumerate(policy.rules):
        if not rule.purposes:
            yield f"rules[{n}].purposes: names no purpose"
    for n, care in enumerate(policy.ingest.care):
        yield from _care(care, f"ingest.care[{n}]")


def _parties(policy: Policy) -> Iterator[str]:
    roles = Counter(party.role for party in policy.parties)
    if not _RESPONSIBLE & roles.keys():
        yield "parties: none is the controller; somebody has to answer for the data (GDPR art. 24)"
    if roles[PartyRole.JOINT_CONTROLLER] == 1 and not roles[PartyRole.CONTROLLER]:
        yield "parties: a joint controller shares its task with another one (GDPR art. 26)"
    if policy.profile == "saas":
        for role in (PartyRole.PROCESSOR, PartyRole.SUB_PROCESSOR):
            if not roles[role]:
                yield f"parties: the profile saas needs its {role} named, with its location (GDPR art. 28)"
    for name, number in Counter(party.name for party in policy.parties).items():
        if number > 1:
            yield f"parties: {name!r} stands there {number} times"
    for n, party in enumerate(policy.parties):
        if party.location not in EEA and not party.transfer_tool:
            yield f"parties[{n}].transfer_tool: needed, since {party.location} is outside the European Economic Area (GDPR art. 44)"


def _purposes(policy: Policy) -> Iterator[str]:
    if not policy.purposes:
        yield "purposes: there is none"
    for name, number in Counter(each.id for each in policy.purposes).items():
        if number > 1 or name in (REFUSE, WITHOUT_IDENTITY):
            yield f"purposes: the id {name!r} is in use already"
    known = {party.name for party in policy.parties}
    for n, purpose in enumerate(policy.purposes):
        yield from _purpose(purpose, f"purposes[{n}]", known)


def _purpose(purpose: Purpose, place: str, parties: set[str]) -> Iterator[str]:
    if purpose.legal_basis is None:
        yield f"{place}.legal_basis: needed (GDPR art. 6)"
    if not purpose.audiences:
        yield f"{place}.audiences: needed, since each has to be informed (GDPR art. 13)"
    for path in purpose.fields:
        if not is_path(path):
            yield f"{place}.fields: {path!r} is no property of a statement"
    for name in purpose.recipients:
        if name not in parties:
            yield f"{place}.recipients: {name!r} is none of the parties"
    retention = purpose.retention
    if retention.statement_days and (retention.identity_days is None or retention.identity_days > retention.statement_days):
        yield f"{place}.retention.identity_days: must be given, and no longer than statement_days"
    if retention.active_days and retention.statement_days and retention.active_days > retention.statement_days:
        yield f"{place}.retention.active_days: must be no longer than statement_days"


def _archive(policy: Policy) -> Iterator[str]:
    """Nobody reads the archive without meaning to, and somebody may; who is forgotten can be warned in time."""
    archives = {purpose.id for purpose in policy.purposes if purpose.reads_archive}
    retiring = {purpose.id for purpose in policy.purposes if purpose.retention.active_days} - archives
    places = {f"rules[{n}].purposes": set(rule.purposes) for n, rule in enumerate(policy.rules)} | {"unassigned": {policy.unassigned}}
    for place, served in places.items():
        if served & retiring and not served & archives:
            yield f"{place}: none of these purposes may read the archive, where {min(served & retiring)!r} sends statements"
    if any(purpose.archive and purpose.id == policy.default_purpose for purpose in policy.purposes):
        yield "default_purpose: reads of the archive are for those who ask for it by name"
    inactivity = policy.inactivity
    if inactivity and inactivity.warn_days + inactivity.notice_days > inactivity.days:
        yield "inactivity: warn_days and notice_days together must be no longer than days"


def _references(policy: Policy) -> Iterator[str]:
    known = {purpose.id for purpose in policy.purposes}
    if policy.default_purpose not in known:
        yield f"default_purpose: {policy.default_purpose!r} is none of the purposes"
    if policy.unassigned not in known | {REFUSE, WITHOUT_IDENTITY}:
        yield f"unassigned: takes {REFUSE!r}, {WITHOUT_IDENTITY!r} or one of the purposes"
    for n, rule in enumerate(policy.rules):
        for purpose in rule.purposes:
            if purpose not in known:
                yield f"rules[{n}].purposes: {purpose!r} is none of the purposes"


def _care(care: Care, place: str) -> Iterator[str]:
    for path in care.drop:
        if not is_path(path) or path in _ALTERED:
            yield f"{place}.drop: {path!r} is no property that a statement can be without"
    if care == Care(**{name: getattr(care, name) for name in Match.__struct_fields__}):
        yield f"{place}: asks for nothing"


def is_path(path: str) -> bool:
    """Tell whether a path consists of properties that the specification names, such as ``result.score``."""
    return all(step in PROPERTIES for step in path.split("."))
