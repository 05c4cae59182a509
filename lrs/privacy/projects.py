"""Projects: each purpose that sees pseudonyms has a key of its own, so that what two of them were given can't be joined (EDPB guidelines 01/2025)."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from lrs.errors import NotFound, NotPermitted, StoreUnavailable
from lrs.storage.contract import EpochRetired, ProjectRow, ProjectStore, WrappedKey

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.pseudonyms import Pseudonyms

_ATTEMPTS = 10


class Projects:
    """The projects of one tenant. Thread-safe.

    Keys are remembered, but the vault is asked each time whether the project goes on, so that its end counts at once, whichever process ends it.
    """

    def __init__(self, tenant: str, keys: TenantKeys, vault: ProjectStore, *, clock: Callable[[], int], month: Callable[[], int]) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._clock = clock
        self._month = month
        self._opened: dict[int, Pseudonyms] = {}

    def pseudonyms(self, purpose: str) -> Pseudonyms:
        """Give the pseudonyms of a purpose, made when they are first asked for; raises :class:`lrs.errors.NotPermitted` when the project has ended."""
        for _ in range(_ATTEMPTS):
            found = self._vault.project(self._tenant, purpose)
            if found is not None:
                return self._pseudonyms(found)
            self._start(purpose)
        raise StoreUnavailable("keys are being rotated: the project could not be started", hint="Try again.")

    def end(self, purpose: str) -> None:
        """Destroy a project's key, for ever; raises :class:`lrs.errors.NotFound` when there is no project to end."""
        if not self._vault.end_project(self._tenant, purpose, at=self._clock()):
            raise NotFound("no project of this purpose goes on", hint="`lrs project list` shows them.")
        self._opened.clear()

    def all(self) -> list[ProjectRow]:
        """List the projects, oldest first, ended ones too."""
        return self._vault.projects(self._tenant)

    def _pseudonyms(self, project: ProjectRow) -> Pseudonyms:
        if project.sid is None or project.key is None:
            raise NotPermitted(
                "the project of this purpose has ended, and its key is destroyed", hint="A new purpose in the policy begins a new project."
            )
        known = self._opened.get(project.sid)
        return known or self._opened.setdefault(project.sid, self._keys.pseudonyms(project.sid, project.key))

    def _start(self, purpose: str) -> None:
        sid = secrets.randbits(64) or 1
        new = self._keys.new_dek(sid)
        try:
            key = WrappedKey(new.epoch, new.wrapped, new.check)
            self._vault.start_project(self._tenant, purpose, sid, key, at=self._clock(), month=self._month())
        except EpochRetired:
            self._keys.keks.refresh()
