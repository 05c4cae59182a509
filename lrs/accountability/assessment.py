"""A breach assessed (GDPR art. 33, 34; BRE-1): what was exposed, of how many people, and whether anyone can read it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from lrs.access import LOCAL, View
from lrs.accountability.catalogue import Category
from lrs.accountability.exposure import PERSONAL, Asset, Level, levels, parts
from lrs.accountability.sighting import Sighting, sighting
from lrs.errors import ConfigurationError, DataDirectoryInUse
from lrs.privacy.audit import Audit, Event
from lrs.privacy.audit.trail import folder_of
from lrs.privacy.audit.verify import verify
from lrs.privacy.policy.reader import policy_of

if TYPE_CHECKING:
    from lrs.crypto.keyring import Keyring
    from lrs.settings import Settings
    from lrs.storage.vault import Vault

ACTION = "assess a breach"
_FROM_TRAIL = {Asset.EXPORT, Asset.CREDENTIAL}
_SHOWN = {
    View.IDENTIFIED: dict.fromkeys((Category.IDENTITY, Category.ACTIVITY, Category.CONTENT), Level.CLEAR),
    View.PSEUDONYMOUS: {Category.ACTIVITY: Level.PSEUDONYMOUS},
}
"""What each view shows; that of counts shows nobody."""


class Caveat(StrEnum):
    """What limits an assessment."""

    FREE_TEXT = "free-text"
    """The policy keeps free text readable in the warehouse."""
    TRAIL_YOUNGER = "trail-younger"
    """The trail does not go back to the beginning of the period."""
    TRAIL_ALTERED = "trail-altered"
    """The trail is not as it was written."""
    UNKNOWN_VIEW = "unknown-view"
    """A credential is not known here: it is taken to have seen people as they are."""
    UPPER_BOUND = "upper-bound"
    """Reads that were no exports are counted too."""
    NOT_COUNTED = "not-counted"
    """A server holds the warehouse: its statements could not be counted."""
    OLD_COPIES = "old-copies"
    """The keyring opens older copies of the vault too."""


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a breach. Times in microseconds since 1970 UTC. ``levels`` says of each category how readable it is.

    ``people`` and ``statements``: so many were exposed, None where it could not be counted; ``documents`` read and ``written`` changed, for
    credentials. ``candidate``: nothing that names a person can be read by whoever has it, so that persons need perhaps not be told (art. 34(3)(a)).
    """

    tenant: str
    assets: tuple[Asset, ...]
    since: int
    until: int
    people: int | None
    statements: int | None
    documents: int
    written: int
    levels: dict[Category, Level]
    caveats: tuple[Caveat, ...]
    policy: str
    sids: frozenset[int] = frozenset()
    """The subjects whom credentials saw: whom to tell; in no receipt."""

    def __repr__(self) -> str:
        return f"Assessment({', '.join(self.assets)})"

    @property
    def candidate(self) -> bool:
        """Tell whether the exception of art. 34(3)(a) may apply: it is for the data protection officer to say."""
        readable = [level for category, level in self.levels.items() if category in PERSONAL]
        doubtful = {Caveat.FREE_TEXT, Caveat.TRAIL_ALTERED, Caveat.TRAIL_YOUNGER} & set(self.caveats)
        return bool(readable) and max(readable) <= Level.PSEUDONYMOUS and not doubtful


class Assessor:
    """Assess breaches of a store. ``held`` counts the statements of a tenant that were stored up to a time."""

    def __init__(self, settings: Settings, vault: Vault, keyring: Keyring, audit: Audit, *, held: Callable[[str, int], int]) -> None:
        self._settings = settings
        self._vault = vault
        self._keyring = keyring
        self._audit = audit
        self._held = held

    def assess(self, assets: Collection[Asset], *, since: int, until: int, credential: str = "", tenant: str | None = None) -> Assessment:
        """Assess what was in wrong hands from a time to another; ``credential`` (id, username or name) is the one for that asset, or of exports.

        The trail notes it. Raises :class:`lrs.errors.ConfigurationError` when it is not said which credential.
        """
        tenant, seen, view = tenant or self._settings.tenant, None, View.AGGREGATE
        caveats = set(self._caveats(parts(assets), tenant))
        found = levels(assets, kms=self._settings.kms is not None)
        if _FROM_TRAIL & set(assets):
            who, view = self._who(assets, credential, tenant, caveats)
            seen = sighting(folder_of(self._settings), self._keyring.tenant(tenant).trail, tenant, who, (since, until))
            caveats |= self._doubts(seen, since)
            found = _worse(found, seen, view)
        people, statements = self._counted(parts(assets), tenant, until, seen, view, caveats)
        self._audit.record(
            Event(action=ACTION, tenant=tenant, credential=LOCAL, object=" ".join(sorted(assets)), sids=seen.people if seen else ())
        )
        return Assessment(
            tenant=tenant,
            assets=tuple(sorted(assets)),
            since=since,
            until=until,
            people=people,
            statements=statements,
            documents=seen.documents if seen else 0,
            written=seen.written if seen else 0,
            levels=dict(sorted(found.items())),
            caveats=tuple(sorted(caveats)),
            policy=policy_of(self._settings, tenant).digest,
            sids=frozenset(seen.people) if seen else frozenset(),
        )

    def _counted(
        self, held: Collection[Asset], tenant: str, until: int, seen: Sighting | None, view: View, caveats: set[Caveat]
    ) -> tuple[int | None, int | None]:
        people = len(seen.people) if seen and view is not View.AGGREGATE else 0
        statements: int | None = seen.statements if seen else 0
        if {Asset.WAREHOUSE, Asset.VAULT} & set(held):
            # A project has a key among those of people.
            projects = sum(project.ended is None for project in self._vault.projects(tenant))
            people = sum(self._vault.epoch_counts(tenant).values()) - projects
        if Asset.WAREHOUSE in held:
            try:
                statements = self._held(tenant, until)
            except DataDirectoryInUse:
                statements = None
                caveats.add(Caveat.NOT_COUNTED)
        return people, statements

    def _caveats(self, held: Collection[Asset], tenant: str) -> Iterator[Caveat]:
        ingest = policy_of(self._settings, tenant).ingest
        if Asset.WAREHOUSE in held and (ingest.free_text == "keep" or ingest.keep_extensions):
            yield Caveat.FREE_TEXT
        if Asset.KEYRING in held:
            yield Caveat.OLD_COPIES

    def _who(self, assets: Collection[Asset], which: str, tenant: str, caveats: set[Caveat]) -> tuple[Collection[str] | None, View]:
        """Say which credentials are meant, None for all, and the widest view that they have."""
        if Asset.CREDENTIAL in assets and not which:
            raise ConfigurationError("which credential is missing", hint="Name it: --credential ID, username or name.")
        if Asset.EXPORT in assets:
            caveats.add(Caveat.UPPER_BOUND)
        if which in ("", LOCAL):
            return ({LOCAL} if which else None), View.IDENTIFIED
        rows = [row for row in self._vault.credentials(tenant) if which in (row.id, row.username, row.name)]
        if rows:
            views = {View(row.view) for row in rows}
            return {row.id for row in rows}, next(view for view in View if view in views)
        caveats.add(Caveat.UNKNOWN_VIEW)
        return {which}, View.IDENTIFIED

    def _doubts(self, seen: Sighting, since: int) -> set[Caveat]:
        reports = verify(folder_of(self._settings), self._keyring.signer.key)
        altered = {Caveat.TRAIL_ALTERED} if seen.damaged or any(report.problems for report in reports) else set()
        return altered | ({Caveat.TRAIL_YOUNGER} if seen.begins > since else set())


def _worse(found: dict[Category, Level], seen: Sighting, view: View) -> dict[Category, Level]:
    """Add to what stores show what was read through a view."""
    shown = _SHOWN.get(view, {}) if seen.reads else {}
    return found | {category: max(found.get(category, Level.UNINTELLIGIBLE), level) for category, level in shown.items()}
