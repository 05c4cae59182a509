"""``lrs erase``: what it asks for, what it prints, and what it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import httpx

import lrs
from tests.cli.calling import call
from tests.promises.test_canary import bytes_below, found_in
from tests.rights.erasing import everything, person, put, statement
from tests.server.process import BOTH, PATIENT, VERSION, Server, add_credentials


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


def test_a_running_server_does_it_when_it_is_asked(tmp_path: Path) -> None:
    """The command puts it into the ledger and waits for the receipt; the server goes on serving, and knows nobody of that name any more."""
    ana, ben = person("ana"), person("ben")
    data = tmp_path / "data"
    with lrs.open(data) as store:
        put(store, statement(ana), statement(ben, context={"instructor": ana}))
        store.documents.agent_profile(ana).put("p", b"x", if_none_match="*")
        number = store.requests.add("erasure", agent=ana).number
        store.requests.identify(number)
    add_credentials(data)
    server = Server(tmp_path)
    try:
        about = {"agent": json.dumps(ana), "related_agents": "true"}
        read = {"url": f"{server.address}/xapi/statements", "params": about, "auth": BOTH, "headers": VERSION}
        assert len(httpx.get(**read, **PATIENT).json()["statements"]) == 2
        refused = call("erase", ana["mbox"], "--dry-run", "--data", data)
        assert (refused.status, "another process" in refused.err) == (1, True)
        done = call("erase", ana["mbox"], "--confirm", "--request", number, "--data", data)
        assert done.status == 0, done.err
        assert '"documents":1' in done.out
        assert '"others":1' in done.out
        assert '"statements":1' in done.out
        assert httpx.get(**read, **PATIENT).json()["statements"] == []
    finally:
        server.stop()
    with lrs.open(data) as store:
        assert len(everything(store)) == 1
        assert [each.state for each in store.requests.entries()] == ["done"]
    assert not [path for path, content in bytes_below(tmp_path) if found_in(content, [ana["mbox"], ana["name"]])]
