"""The way out for people: from a stored row to the JSON of a statement, as much of it as a view shows.

One pass over the body replaces each placeholder; what is put in is never looked at again, so nothing that a sender wrote can pass for a placeholder.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from lrs.access import View
from lrs.errors import TamperedData
from lrs.storage.contract import StoredStatement, SubjectStore
from lrs.xapi import render
from lrs.xapi.model import GROUP

if TYPE_CHECKING:
    from lrs.crypto.keyring import TenantKeys
    from lrs.crypto.seal import Dek

_PLACEHOLDER = re.compile(rb'\{"\$([pbors])":([0-9]+)(\}?)')
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MAX_REMEMBERED = 50_000
_HIDDEN = {b"b": b'"urn:lrs:hidden"', b"o": b"{}"}
ERASED = b'"account":{"homePage":"https://lrs.invalid/erased","name":"erased"}}'
"""Who was erased, or whose time is over: the same for all, so that it tells nobody from anybody (privacy by GDPR art. 17)."""

Token = tuple[int, int]


class Revealer:
    """Reveal the rows of one tenant. Thread-safe."""

    def __init__(self, tenant: str, keys: TenantKeys, vault: SubjectStore) -> None:
        self._tenant = tenant
        self._keys = keys
        self._vault = vault
        self._spellings: dict[Token, bytes] = {}
        self._deks: dict[int, Dek] = {}

    def reveal(self, rows: Sequence[StoredStatement], view: View) -> list[bytes]:
        """Rows -> the exact JSON of each statement, as this view shows it.

        ``identified`` shows what was sent. ``pseudonymous`` shows pseudonyms for people and ids, and no free text. Who is no longer known is
        shown as the same stub in both. Raises :class:`lrs.errors.TamperedData` when a sealed value is not in its place.
        """
        if view is View.IDENTIFIED:
            self._learn({token for row in rows for token in zip(row.sids, row.vids, strict=True)})
            deks = self._open_keys({row.sids[0] for row in rows if row.sealed and row.sids})
            return [self._shown(row, self._spelling, self._texts(row, deks)) for row in rows]
        return [self._shown(self._renamed(row), self._pseudonym, ()) for row in rows]

    def person(self, sid: int, view: View) -> bytes:
        """Subject -> the JSON of an agent for it, in the first spelling that came."""
        if view is not View.IDENTIFIED:
            return b"{" + self._pseudonym(sid, 0, 0) + b"}"
        self._learn({(sid, 1)})
        return self._spelling(sid, 1, 0) + b"}"

    def forget(self) -> None:
        """Drop every spelling and key from memory."""
        self._spellings.clear()
        self._deks.clear()

    def _shown(self, row: StoredStatement, person: Callable[[int, int, int], bytes], texts: Sequence[bytes | None]) -> bytes:
        def fill(found: re.Match[bytes]) -> bytes:
            kind, number, close = found.groups()
            n = int(number)
            if kind == b"p":
                if n >= len(row.sids):
                    return b'{"objectType":"Agent",' + ERASED[:-1] + close
                return person(row.sids[n], row.vids[n], row.roles[n]) + close
            if kind in (b"b", b"o"):
                text = texts[n] if n < len(texts) else None
                return _HIDDEN[kind] if text is None else text
            return b'"%s"' % str(row.registration if kind == b"r" else row.references[n]).encode()

        body = _PLACEHOLDER.sub(fill, row.body)
        head = b'{"id":"%s",' % str(row.id).encode()
        tail = b',"stored":"%s"' % render.timestamp(row.stored).encode()
        if row.timestamp == row.stored and "timestamp" not in _OBJECT.decode(row.body):
            tail += b',"timestamp"' + tail[9:]
        return head + body[1:-1] + tail + b"}"

    def _spelling(self, sid: int, vid: int, role: int) -> bytes:
        json = self._spellings.get((sid, vid))
        if json is not None:
            return json[:-1]
        return b'{"objectType":"%s",' % (b"Group" if role & GROUP else b"Agent") + ERASED[:-1]

    def _pseudonym(self, sid: int, _vid: int, role: int) -> bytes:
        kind = b"Group" if role & GROUP else b"Agent"
        name = self._keys.pseudonym(sid).encode()
        return b'{"objectType":"%s","account":{"homePage":"https://lrs.invalid/pseudonym","name":"%s"}' % (kind, name)

    def _renamed(self, row: StoredStatement) -> StoredStatement:
        rename = self._keys.pseudonymous_uuid
        return msgspec.structs.replace(
            row, id=rename(row.id), registration=rename(row.registration), references=[rename(each) for each in row.references]
        )

    def _texts(self, row: StoredStatement, deks: Mapping[int, Dek]) -> list[bytes | None]:
        if not row.sealed:
            return []
        dek = deks.get(row.sids[0]) if row.sids else None
        if dek is None:
            return [None] * len(row.sealed)
        return [dek.open("text", row.id.bytes + struct.pack(">I", n), sealed) for n, sealed in enumerate(row.sealed)]

    def _learn(self, tokens: Iterable[Token]) -> None:
        missing = [token for token in tokens if token not in self._spellings]
        if not missing:
            return
        found = self._vault.variants(self._tenant, missing)
        deks = self._open_keys({sid for sid, _ in found})
        if len(self._spellings) + len(found) > _MAX_REMEMBERED:
            self._spellings.clear()
            found = self._vault.variants(self._tenant, list(tokens))
            deks = self._open_keys({sid for sid, _ in found})
        for (sid, vid), (fingerprint, sealed) in found.items():
            if sid not in deks:
                continue
            json = deks[sid].open("variant", fingerprint, sealed)
            if self._keys.variant_fingerprint(sid, json) != fingerprint:
                raise TamperedData("a spelling is not the one that was stored here")
            self._spellings[(sid, vid)] = json

    def _open_keys(self, sids: set[int]) -> dict[int, Dek]:
        missing = [sid for sid in sids if sid not in self._deks]
        if missing:
            if len(self._deks) + len(missing) > _MAX_REMEMBERED:
                self._deks.clear()
                missing = list(sids)
            for sid, key in self._vault.keys(self._tenant, missing).items():
                self._deks[sid] = self._keys.dek(sid, key.epoch, key.wrapped, key.check)
        return {sid: self._deks[sid] for sid in sids if sid in self._deks}
