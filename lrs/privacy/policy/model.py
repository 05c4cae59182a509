"""What a policy says. Each key of a policy file is a field here, and no other key is taken.

Values are checked one by one when they are read (:mod:`lrs.privacy.policy.reader`); whether they agree with each other is for
:mod:`lrs.privacy.policy.faults` to say.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import Annotated

import msgspec

from lrs.access import View
from lrs.errors import NotPermitted

REFUSE, WITHOUT_IDENTITY = "refuse", "without-identity"
Days = Annotated[int, msgspec.Meta(ge=1, le=36_500)]
Line = Annotated[str, msgspec.Meta(min_length=1, max_length=2000)]
Id = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z0-9-]{0,62}\Z")]
Country = Annotated[str, msgspec.Meta(pattern=r"\A[A-Z]{2}\Z")]


class LegalBasis(StrEnum):
    """Why a purpose is lawful (GDPR art. 6(1), letters a to f)."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


class PartyRole(StrEnum):
    """What a party is (GDPR art. 4(7) to 4(9), 26, 28)."""

    CONTROLLER = "controller"
    JOINT_CONTROLLER = "joint-controller"
    PROCESSOR = "processor"
    SUB_PROCESSOR = "sub-processor"
    RECIPIENT = "recipient"


class Audience(StrEnum):
    """Whose statements a purpose is about: each is told of it in words of its own."""

    LEARNER = "learner"
    USER = "user"
    TRAINEE = "trainee"
    TEACHER = "teacher"


class Granularity(StrEnum):
    """How finely times are kept or shown."""

    EXACT = "exact"
    SECOND = "second"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


class Fate(StrEnum):
    """What becomes of statements at their end, from the least to the most that is kept: of a statement that serves several purposes, the last of theirs."""

    ELIMINATE = "eliminate"
    """They are deleted."""
    ANONYMISE = "anonymise"
    """They are deleted, and counts by month, verb and activity are kept of them, in which no small group shows."""
    TRANSFER = "transfer"
    """They are written into files for the archives that take them over, then deleted."""


class Text(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text for people, in both languages."""

    fr: Line
    """In French."""
    en: Line
    """In English."""


class Party(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who answers for the data, processes it, or receives it."""

    name: Line
    """What it is called; purposes name their recipients by it."""
    role: PartyRole
    """What it is: a sub-processor works for the processor, a recipient is given data."""
    location: Country
    """Where it processes the data: two letters of ISO 3166-1."""
    transfer_tool: str = ""
    """What makes a transfer out of the European Economic Area lawful (GDPR ch. V), such as ``adequacy decision`` or ``standard contractual clauses``."""
    scope: Text | None = None
    """What it does with the data."""


class Retention(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a purpose needs a statement, from its timestamp on; absent: without limit."""

    active_days: Days | None = None
    """How long it is in use. Then it is in the intermediate archive, where only archive purposes, and legal obligations, read it."""
    identity_days: Days | None = None
    """How long the statement can be read with its persons."""
    statement_days: Days | None = None
    """How long the statement is kept at all."""
    fate: Fate = Fate.ELIMINATE
    """What becomes of it then: ``eliminate``, ``anonymise`` or ``transfer``."""


class Purpose(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why statements are processed, and what whoever reads for it gets to see."""

    id: Id
    """What credentials, rules and reads call it."""
    title: Text
    """What people are told it is."""
    legal_basis: LegalBasis | None = None
    """Why it is lawful."""
    audiences: tuple[Audience, ...] = ()
    """Whose statements it is about."""
    view: View = View.IDENTIFIED
    """The most that is shown of a person: a credential may see less, never more."""
    fields: tuple[str, ...] = ()
    """The properties of a statement that are shown, such as ``verb`` or ``result.score``; none given: all."""
    granularity: Granularity = Granularity.EXACT
    """How finely the times of a statement are shown, and may be asked for."""
    retention: Retention = Retention()
    """How long it needs a statement."""
    recipients: tuple[Line, ...] = ()
    """The parties that are given the data for it."""
    archive: bool = False
    """Whether it reads the intermediate archive, now and then: each read names its reason, which the audit trail keeps."""

    @property
    def on_consent(self) -> bool:
        """Tell whether it sees only what the person agreed to."""
        return self.legal_basis is LegalBasis.CONSENT

    @property
    def reads_archive(self) -> bool:
        """Tell whether it sees statements that are in use no more."""
        return self.archive or self.legal_basis is LegalBasis.LEGAL_OBLIGATION

    @property
    def seen_days(self) -> int | None:
        """For how many days it sees a statement; None: without limit."""
        retention = self.retention
        return retention.statement_days if self.reads_archive or retention.active_days is None else retention.active_days


class Match(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Conditions on a statement: those that are given must all hold, and each holds if one of its values does."""

    verbs: tuple[Line, ...] = ()
    """IRIs of verbs."""
    activities: tuple[Line, ...] = ()
    """What the id of the activity begins with."""
    activity_types: tuple[Line, ...] = ()
    """IRIs of the activity's type."""
    platforms: tuple[Line, ...] = ()
    """``context.platform``, as it is written."""
    categories: tuple[Line, ...] = ()
    """IRIs in ``contextActivities.category``: the profiles that a statement follows."""
    credentials: tuple[Line, ...] = ()
    """Names of the credentials that send it."""


class Rule(Match, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which statements serve which purposes: the purposes of all rules that match add up."""

    purposes: tuple[Id, ...]
    """The purposes that they serve."""


class Care(Match, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is taken out of some statements before they are stored, or why they are not taken at all."""

    drop: tuple[str, ...] = ()
    """Properties that are left out, such as ``result.response``."""
    drop_extensions: tuple[Line, ...] = ()
    """IRIs of extensions that are left out wherever they stand."""
    precision: Granularity = Granularity.EXACT
    """How finely the time of the statement is kept."""
    needs_extensions: tuple[Line, ...] = ()
    """IRIs of extensions without which, in ``context``, they are refused."""
    refuse: bool = False
    """Whether they are refused."""


class Ingest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to a statement on its way in."""

    free_text: Annotated[str, msgspec.Meta(pattern=r"\A(seal|keep|drop)\Z")] = "seal"
    """What happens to free text: responses of open questions, unknown extensions with text, names of anonymous groups. ``seal``, ``keep`` or ``drop``."""
    keep_extensions: tuple[Line, ...] = ()
    """IRIs of further extensions that hold no free text and stay readable in the warehouse."""
    drop_devices: bool = False
    """Whether network addresses, browsers' signatures and device ids are left out of extensions."""
    care: tuple[Care, ...] = ()
    """What is taken out of some statements; what all matching entries ask for is done."""


class Inactivity(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When people are forgotten who are not seen any more, counted from the end of the month of their last statement or document."""

    warn_days: Days
    """After how long they are to be warned."""
    days: Days
    """After how long they are forgotten, if they were warned."""
    notice_days: Days = 30
    """How long before that they must have been warned, at least."""


class Policy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """The policy of one tenant."""

    title: Text
    """What it is called."""
    profile: Annotated[str, msgspec.Meta(pattern=r"\A(on-premise|saas)\Z")] = "on-premise"
    """Who runs the store: the institution itself (``on-premise``), or a processor for it (``saas``)."""
    default_purpose: Id
    """The purpose of a credential, or of a program, that names none."""
    unassigned: str = REFUSE
    """What happens to a statement that no rule matches: ``refuse``, ``without-identity``, or the id of the purpose that it serves."""
    parties: tuple[Party, ...] = ()
    """Who has to do with the data, and as what."""
    purposes: tuple[Purpose, ...]
    """Why the data is processed."""
    rules: tuple[Rule, ...] = ()
    """Which statements serve which purposes."""
    ingest: Ingest = Ingest()
    """What happens to a statement on its way in."""
    document_days: Days | None = None
    """How long a state or profile is kept after it was last written; absent: without limit."""
    inactivity: Inactivity | None = None
    """When people are forgotten who are not seen any more; absent: as soon as nothing of theirs is left."""
    public_archive: bool = False
    """Whether statements and documents are public archives: none is eliminated unless the archives approved it (Code du patrimoine, art. L212-2)."""

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the policy in a canonical form, which names exactly this policy; comments and layout change nothing."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()

    def purpose(self, wanted: str) -> Purpose:
        """Give the purpose of this id, the default one for an empty id; raises :class:`lrs.errors.NotPermitted` for an unknown one (LAW-1)."""
        found = [each for each in self.purposes if each.id == (wanted or self.default_purpose)]
        if not found:
            raise NotPermitted(
                "the policy has no such purpose", hint="`lrs policy show` lists the purposes; a credential names one of them."
            )
        return found[0]


UNLIMITED = Policy(
    title=Text(fr="Sans politique : tout est conservé", en="No policy: everything is kept"),
    default_purpose="records",
    unassigned="records",
    purposes=(Purpose(id="records", title=Text(fr="Conservation des traces", en="Keeping the records")),),
)
"""What holds where there is no policy file: a plain record store, which keeps everything."""
