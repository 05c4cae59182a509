"""The texts that people are shown (GDPR art. 12 to 14), each known by the SHA-256 of its bytes, so that a consent can prove which one it was (art. 7(1))."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import attrs

from lrs.access import Principal
from lrs.errors import InvalidRequest, NotFound
from lrs.privacy.audit import Audit, Event
from lrs.privacy.policy.model import Audience, Policy
from lrs.storage.contract import EVERY_PURPOSE, ConsentStore, NoticeRow
from lrs.xapi.formats import is_language_tag

_LARGEST = 200_000
"""Characters."""


def digest(text: str) -> str:
    """Give the name of a text: the SHA-256 of its UTF-8 bytes, as ``sha256sum`` prints it for the file."""
    return hashlib.sha256(text.encode()).hexdigest()


class Notices:
    """The texts of all tenants, each in every version that there was. Thread-safe."""

    def __init__(
        self, vault: ConsentStore, *, policy: Callable[[str], Policy], owner: Principal, clock: Callable[[], int], audit: Audit
    ) -> None:
        self._owner = owner
        self._vault = vault
        self._policy = policy
        self._clock = clock
        self._audit = audit

    def add(
        self, text: str, *, audience: str, language: str, purpose: str = EVERY_PURPOSE, principal: Principal | None = None
    ) -> NoticeRow:
        """Register a text, byte for byte, as the newest of its purpose (none: of all purposes), audience and language -> what is registered.

        The same text again changes nothing. Raises :class:`lrs.errors.InvalidRequest`.
        """
        caller = principal or self._owner
        if not text.strip() or len(text) > _LARGEST:
            raise InvalidRequest(f"a notice is a text of at most {_LARGEST} characters", parameter="text")
        if audience not in list(Audience):
            raise InvalidRequest(f"it is one of: {', '.join(Audience)}", parameter="audience")
        if not is_language_tag(language):
            raise InvalidRequest("it is a language tag, such as fr or en-GB", parameter="language")
        if purpose not in (EVERY_PURPOSE, *(each.id for each in self._policy(caller.tenant).purposes)):
            raise InvalidRequest("the policy has no such purpose", parameter="purpose")
        row = NoticeRow(
            digest=digest(text), purpose=purpose, audience=audience, language=language, version=0, text=text, added=self._clock()
        )
        added = self._vault.add_notice_text(caller.tenant, row)
        self._audit.record(Event.by(attrs.evolve(caller, purpose=purpose), "register a notice", object=f"notice {added.digest}"))
        return added

    def all(self, *, tenant: str | None = None) -> list[NoticeRow]:
        """Give every version of every text, oldest first."""
        return self._vault.notice_texts(tenant or self._owner.tenant)

    def text(self, wanted: str, *, tenant: str | None = None) -> NoticeRow:
        """Give the text of this digest; raises :class:`lrs.errors.NotFound`."""
        found = [row for row in self.all(tenant=tenant) if row.digest == wanted]
        if not found:
            raise NotFound("no notice of this digest is registered", hint="`lrs notice list` lists them.")
        return found[-1]

    def about(self, purpose: str, tenant: str) -> dict[str, bool]:
        """Give the digests of all texts about a purpose -> whether one is the newest in some audience and language."""
        texts = [row for row in self._vault.notice_texts(tenant) if row.purpose in (EVERY_PURPOSE, purpose)]
        newest = {(row.purpose, row.audience, row.language): row.digest for row in texts}
        return {row.digest: row.digest in newest.values() for row in texts}
