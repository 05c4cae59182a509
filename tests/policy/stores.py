"""A policy with two purposes, and what the warehouse holds of a statement."""

from __future__ import annotations

from typing import Any

import lrs

POLICY = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "teaching"
unassigned = "UNASSIGNED"
parties = [{ name = "Institution", role = "controller", location = "FR" }]

[[purposes]]
id = "teaching"
title = { fr = "E", en = "T" }
legal_basis = "public_task"
audiences = ["user"]
retention = { identity_days = 10, statement_days = 20 }

[[purposes]]
id = "proof"
title = { fr = "P", en = "P" }
legal_basis = "legal_obligation"
audiences = ["user"]
retention = { identity_days = 30, statement_days = 30 }

[[rules]]
verbs = ["https://v.example/served"]
purposes = ["teaching"]

[[rules]]
verbs = ["https://v.example/served"]
platforms = ["Moodle"]
credentials = ["moodle"]
categories = ["https://profile.example/"]
activities = ["https://lms.example.fr/"]
activity_types = ["https://t.example/quiz"]
purposes = ["proof"]
"""


def row(store: lrs.LRS, identifier: object) -> dict[str, Any]:
    """What the warehouse holds of a statement."""
    names = ("purposes", "sids", "sealed", "registration", "body", "toUnixTimestamp(identity_until)", "toUnixTimestamp(keep_until)")
    with store._warehouse._sessions.reader() as session:
        (found,) = session.query(f"SELECT {', '.join(names)} FROM statements WHERE id = {{id:UUID}}", {"id": identifier})
    return dict(zip(names, found, strict=True))
