"""A policy with two purposes, and what the warehouse holds of a statement."""

from __future__ import annotations

import lrs
from lrs.storage.contract import TokenisedStatement
from lrs.storage.warehouse.packing import WHOLE, tokenised_statement

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


def row(store: lrs.LRS, identifier: object) -> TokenisedStatement:
    """What the warehouse holds of a statement."""
    with store._warehouse._sessions.reader() as session:
        (found,) = session.query(f"SELECT {WHOLE} FROM statements WHERE id = {{id:UUID}}", {"id": identifier}, texts=False)
    return tokenised_statement(found)
