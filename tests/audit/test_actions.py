"""Each kind of action that the trail has to hold (ACC-1): accesses, exports, refusals, changes of policy, keys, credentials, requests, projects."""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import pytest

import lrs
from lrs.access import Action, Principal, Scope
from lrs.privacy.audit.entry import Entry
from lrs.privacy.audit.verify import entries
from lrs.privacy.policy.reader import parsed
from lrs.privacy.rotation import open_rotations
from tests.audit.test_store import principal, statement
from tests.cli.calling import call

ROOT = Path(__file__).parents[2]
POLICY = """
title = { fr = "Essai", en = "Trial" }
default_purpose = "trial"
unassigned = "trial"
parties = [{ name = "Institution", role = "controller", location = "FR" }]

[[purposes]]
id = "trial"
title = { fr = "Essai", en = "Trial" }
legal_basis = "public_task"
audiences = ["learner"]
"""
ACTIVITY, ANA = "https://lms.example.fr/a", {"mbox": "mailto:ana@example.fr"}
NOBODY = principal(Scope.DEFINE)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """A store with a policy and statements of two people."""
    data = tmp_path_factory.mktemp("store")
    (data / "policy.toml").write_text(POLICY, "utf-8")
    with lrs.open(data) as opened:
        opened.ingest([statement("ana"), statement("bea")])
        yield opened


def trail(store: lrs.LRS) -> dict[tuple[str, int], Entry]:
    """Give all entries by chain and number."""
    return {(chain, each.seq): each for chain, each in entries(store.settings.data / "audit")}


def since(store: lrs.LRS, before: Collection[tuple[str, int]]) -> list[Entry]:
    return [each for place, each in trail(store).items() if place not in before]


def rotation(store: lrs.LRS) -> None:
    with open_rotations(store.settings) as found:
        found["default"].begin()
        list(found["default"].rewrap())
        found["default"].destroy(1)


def request(store: lrs.LRS) -> None:
    number = store.requests.add("access", agent=ANA).number
    store.requests.identify(number)
    store.requests.extend(number, "many")
    store.requests.close(number)


def documents(store: lrs.LRS, caller: Principal | None = None) -> None:
    shelf = store.documents.state(ACTIVITY, ANA, principal=caller)
    shelf.put("bookmark", b"1")
    shelf.get("bookmark")


Deed = Callable[[lrs.LRS], object]
DONE: list[tuple[set[str], Deed]] = [
    ({"write statements"}, lambda store: store.ingest(statement("zoe"))),
    ({"read statements"}, lambda store: store.query(limit=1)),
    ({"count statements"}, lambda store: store.count("verb")),
    ({"read persons"}, lambda store: store.person(ANA)),
    ({"read activities"}, lambda store: store.activity(ACTIVITY)),
    ({"read states", "write states"}, documents),
    ({"export statements"}, lambda store: list(store.export())),
    ({"add credential"}, lambda store: store.credentials.add("x", username="x")),
    ({"revoke credential"}, lambda store: store.credentials.revoke("x")),
    ({"add a request", "identify a request", "extend a request", "meet a request"}, request),
    ({"begin epoch", "rewrap keys", "destroy epoch"}, rotation),
    ({"show the trail"}, lambda store: call("audit", "show", "--tenant", "default", "--data", store.settings.data)),
]
REFUSED: list[tuple[set[str], Deed]] = [
    ({"write statements"}, lambda store: store.ingest(statement("zoe"), principal=NOBODY)),
    ({"read statements"}, lambda store: store.query(principal=NOBODY)),
    ({"count statements"}, lambda store: store.count("verb", principal=NOBODY)),
    ({"read persons"}, lambda store: store.person(ANA, principal=NOBODY)),
    ({"read states"}, lambda store: store.documents.state(ACTIVITY, ANA, principal=NOBODY).get("bookmark")),
    ({"write states"}, lambda store: store.documents.state(ACTIVITY, ANA, principal=NOBODY).put("bookmark", b"1")),
    ({"authenticate"}, lambda store: store.authenticate("nobody", "wrong")),
]


@pytest.mark.parametrize(("actions", "deed"), DONE, ids=[min(actions) for actions, _ in DONE])
def test_what_is_done_is_in_the_trail(store: lrs.LRS, actions: set[str], deed: Deed) -> None:
    """Each of them, of the tenant, with the digest of the policy in force, and on the disk when the call returns."""
    before = trail(store)
    deed(store)
    found = [each for each in since(store, before) if each.tenant]
    assert {each.action for each in found if each.outcome == "done"} >= actions
    policy, _ = parsed(POLICY)
    assert policy is not None
    assert {(each.tenant, each.policy) for each in found} == {("default", policy.digest)}


@pytest.mark.parametrize(("actions", "deed"), REFUSED, ids=[min(actions) for actions, _ in REFUSED])
def test_what_is_refused_is_in_the_trail(store: lrs.LRS, actions: set[str], deed: Deed) -> None:
    """By whom it was tried, as soon as the next entry is written."""
    before = trail(store)
    with pytest.raises(lrs.NotPermitted if "authenticate" not in actions else lrs.NotAuthenticated):
        deed(store)
    store.query(limit=1)
    found = since(store, before)
    assert [each.action for each in found if each.outcome == "refused"] == sorted(actions)
    assert {each.credential for each in found if each.outcome == "refused"} <= {"reader", ""}


def test_every_action_is_documented() -> None:
    """Whatever the code calls an action is on the page about the trail."""
    page = (ROOT / "docs" / "reference" / "audit.md").read_text("utf-8")
    named = {str(action) for action in Action}
    for path in (ROOT / "lrs").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named |= _named(node)
    assert len(named) > 25
    assert {action for action in named if f"`{action}`" not in page} == set()


def _named(node: ast.AST) -> set[str]:
    """Give the actions that stand in a call of Event(...), Event.by(..., ...), _record(...) or _change(...)."""
    if not isinstance(node, ast.Call):
        return set()
    called = ast.unparse(node.func)
    given = [each.value for each in node.keywords if each.arg == "action"] if called == "Event" else []
    given += node.args[1:2] if called == "Event.by" else node.args[:1] if called.endswith(("._record", "._change")) else []
    texts = [each for value in given for each in ast.walk(value) if isinstance(each, ast.Constant)]
    return {each.value for each in texts if isinstance(each.value, str)}
