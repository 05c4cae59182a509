"""``lrs erase``: what it asks for, what it prints, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import lrs
from tests.cli.calling import call
from tests.rights.erasing import everything, person, put, statement


def test_a_person_is_erased_on_the_command_line(tmp_path: Path) -> None:
    """Neither by accident nor without knowing what it does; the receipt can be verified, and a request is closed."""
    ana, ben = person("ana"), person("ben")
    data = tmp_path / "data"
    with lrs.open(data) as store:
        put(store, statement(ana), statement(ben, context={"instructor": ana}))
        number = store.requests.add("erasure", agent=ana).number
        store.requests.identify(number)
    asked = call("erase", ana["mbox"], "--data", data)
    assert (asked.status, "--confirm" in asked.err) == (2, True)
    planned = call("erase", ana["mbox"], "--dry-run", "--data", data)
    assert planned.status == 0
    assert "        1 statements of their own" in planned.out.splitlines()
    file = tmp_path / "receipt.txt"
    done = call("erase", "-", "--confirm", "--request", number, "--receipt", file, "--data", data, stdin=json.dumps(ana).encode())
    assert (done.status, done.out) == (0, "")
    assert done.err.split(" ...\n") == ["requested", "shredded", "told", "deleted", ""]
    assert ana["mbox"] not in done.err
    verified = call("receipt", "verify", file, "--data", data)
    assert "statements: 1" in verified.out
    again = call("erase", ana["mbox"], "--confirm", "--data", data)
    assert "lrs receipt: erasure" in again.out
    with lrs.open(data) as store:
        assert len(everything(store)) == 1
        assert [each.state for each in store.requests.entries()] == ["done"]


def test_what_is_no_agent_is_refused(tmp_path: Path) -> None:
    """The error names the parameter, and quotes nothing."""
    refused = call("erase", "{canari", "--dry-run", "--data", tmp_path)
    assert refused.status == 1
    assert "canari" not in refused.err
