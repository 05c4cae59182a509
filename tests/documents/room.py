"""The documents of a vault without the rest of a store; run as a process of its own, a writer in a race.

``python -m tests.documents.room DATA VAULT ROUNDS`` waits for a line, then adds 1 to a counter ROUNDS times, reading it and
writing it back with If-Match; it prints how often it had to try again.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import lrs
from lrs.access import Principal, Scope, View, software_authority
from lrs.crypto.providers import open_keyring
from lrs.documents import Documents, Shelf
from lrs.privacy.audit import open_trail
from lrs.privacy.consent.mirror import Mirror
from lrs.privacy.consent.readings import Readings
from lrs.privacy.policy.model import UNLIMITED
from lrs.settings import Settings
from lrs.storage.vault import Vault

START = 1_764_000_000_000_000
ACTIVITY = "https://lms.example.fr/race"
AGENT: dict[str, Any] = {"mbox": "mailto:racer@example.fr"}


def principal(*scopes: Scope, view: View = View.IDENTIFIED, tenant: str = "default") -> Principal:
    """Somebody with scopes and a view."""
    return Principal(tenant, "caller", frozenset(scopes), view, software_authority("https://lms.example.fr", "caller"))


def documents(vault: Vault, settings: Settings, *, largest: int = 1 << 25, clock: Callable[[], int] | None = None) -> Documents:
    """The documents of a vault; without a ``clock``, with one that moves by a second whenever it is looked at."""
    seconds = count()
    return Documents(
        vault,
        keys=open_keyring(settings, create=True).tenant,
        owner=principal(Scope.ALL),
        clock=clock or (lambda: START + next(seconds) * 1_000_000),
        month=lambda: 202611,
        largest=largest,
        audit=open_trail(settings, clock=lambda: START),
        # Nobody said anything about purposes, so that no copy of it is looked at.
        readings=Readings(lambda _: UNLIMITED, Mirror(vault, None), lambda: START),  # type: ignore[arg-type]
    )


def add_one(shelf: Shelf) -> bool:
    """Read a counter and write it back, one higher, unless somebody else did meanwhile."""
    try:
        found = shelf.get("counter")
    except lrs.NotFound:
        found = None
    required = {"if_none_match": "*"} if found is None else {"if_match": f'"{found.etag}"'}
    try:
        shelf.put("counter", b"%d" % (int(found.content if found else 0) + 1), **required)
    except lrs.PreconditionFailed:
        return False
    return True


def main(data: str, address: str, rounds: str) -> None:
    settings = Settings(data=data, vault=address or None)
    vault = Vault.open(settings)
    shelf = documents(vault, settings).state(ACTIVITY, AGENT)
    print("ready", flush=True)
    sys.stdin.readline()
    lost = 0
    for _ in range(int(rounds)):
        while not add_one(shelf):
            lost += 1
            time.sleep(0.0005)
    print(lost, flush=True)
    vault.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
