"""Ten years, month by month: after each tick nothing is left that the policy does not allow (RET-1)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from tests.retention.world import Clock, opened, policy, statement, vault, violations, warehouse
from tests.vault.databases import DATABASES, empty_vault

ESSAY = b"an essay"
DIGEST = hashlib.sha256(ESSAY).hexdigest()
ATTACHED = [{"usageType": "https://u.example/1", "display": {}, "contentType": "text/plain", "length": len(ESSAY), "sha2": DIGEST}]


@pytest.mark.parametrize("database", DATABASES)
def test_ret_1_ten_years(database: str, tmp_path: Path) -> None:
    """Whatever comes, on time or late, is gone from every table, document and log when its time is over; doing it twice changes nothing."""
    clock = Clock()
    with opened(tmp_path, policy(), clock, vault=empty_vault(database, tmp_path).vault) as store:
        for month in range(16):
            if month < 8:
                who = f"ana{month}"
                store.ingest(
                    [
                        statement(who, "taught", attachments=ATTACHED, object=_activity(who)),
                        statement(who, "proven", timestamp=clock.iso(-20 * (month % 9))),
                    ],
                    attachments={DIGEST: ESSAY},
                )
                store.documents.state(f"https://a.example/{who}", statement(who)["actor"]).put("s", {"canary": who})
            done = store.retention.apply(settle=False)
            assert done.complete
            assert violations(store, tmp_path, clock) == [], f"month {month}"
            clock.pass_days(250)
        again = store.retention.apply(settle=False)
        assert not {name: n for name, n in again.counts.items() if name != "audit segment"}
        assert warehouse(store, "SELECT count() FROM statements")[0][0] == 0
        assert vault(store, "SELECT count(*) FROM subject") == [(0,)]


def _activity(who: str) -> dict[str, Any]:
    """An activity of which something is said that holds free text, and so is kept in the statement alone."""
    return {"id": f"https://a.example/{who}", "definition": {"extensions": {"https://x.example/unknown": f"canary of {who}"}}}
