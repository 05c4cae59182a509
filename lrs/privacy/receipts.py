"""Receipts: what was done, in words that a data protection officer reads, signed with the key of the audit trail (GDPR art. 5(2)).

A receipt is a signed note (C2SP signed-note): its title, a paragraph in French, the same in English, and the facts as one line of JSON. It says
nothing of the person whom it concerns: no name, no identifier, no number that stands for one. docs/reference/receipts.md publishes the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from lrs.errors import TamperedData
from lrs.xapi.formats import format_timestamp

if TYPE_CHECKING:
    from lrs.crypto.notes import NoteKey, NoteSigner

_FACTS = "facts: "


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt says.

    ``kind`` names what was done, such as ``erasure``; ``at`` is when, in microseconds since 1970 UTC; ``policy`` the digest of the policy in force;
    ``fr`` and ``en`` tell it in sentences, both the same; ``facts`` are the numbers and limits in them, for programs.
    """

    kind: str
    tenant: str
    at: int
    policy: str = ""
    fr: str
    en: str
    facts: Mapping[str, Any]


def name_of(key: NoteKey) -> str:
    """Give the name under which a key signs receipts."""
    return f"receipts.lrs.invalid/{key.fingerprint}"


def signed(receipt: Receipt, signer: NoteSigner) -> str:
    """Write a receipt and sign it."""
    facts = {"kind": receipt.kind, "tenant": receipt.tenant, "at": format_timestamp(receipt.at), "policy": receipt.policy, **receipt.facts}
    line = msgspec.json.encode(facts, order="sorted").decode()
    text = f"lrs receipt: {receipt.kind}\n\n{receipt.fr.strip()}\n\n{receipt.en.strip()}\n\n{_FACTS}{line}\n"
    return signer.sign(text, name_of(signer.key))


def facts_of(note: str, key: NoteKey) -> dict[str, Any]:
    """Verify a receipt -> its facts; raises :class:`lrs.errors.TamperedData` unless this key signed exactly this."""
    last = key.open(note).rstrip("\n").rpartition("\n")[2]
    try:
        return msgspec.json.decode(last.removeprefix(_FACTS), type=dict[str, Any])
    except msgspec.DecodeError:
        raise TamperedData("a note that is no receipt") from None
