"""The register of requests (DSR-0): states, days, and that it keeps nobody."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from lrs.accountability.request import Kind
from lrs.accountability.requests import Requests
from lrs.errors import ConfigurationError, Conflict, InvalidRequest, LRSError, NotFound
from lrs.privacy.audit import Audit, entry
from lrs.privacy.audit.verify import entries
from lrs.settings import Settings
from lrs.storage.contract import RequestRow
from lrs.storage.vault import Vault
from tests.accountability.conftest import ANA, ANAS_SID, Clock

STEPS: dict[str, Callable[[Requests, int], object]] = {
    "identify": lambda register, number: register.identify(number),
    "extend": lambda register, number: register.extend(number, "many"),
    "close": lambda register, number: register.close(number),
    "refuse": lambda register, number: register.close(number, refusal="unfounded"),
}
ALLOWED = {
    ("identify",): "identified",
    ("extend",): "received",
    ("refuse",): "refused",
    ("identify", "extend"): "identified",
    ("identify", "close"): "done",
    ("identify", "refuse"): "refused",
    ("extend", "identify"): "identified",
    ("extend", "refuse"): "refused",
}


@pytest.mark.parametrize("first", STEPS)
@pytest.mark.parametrize("second", STEPS)
def test_every_two_steps_are_allowed_or_refused(register: Requests, first: str, second: str) -> None:
    """Nothing is done for who was not identified; what is closed stays so; an extension is given once. A refused step changes nothing."""
    number = register.add("access").number
    steps: tuple[str, ...] = ()
    for step in (first, second):
        if (*steps, step) in ALLOWED:
            STEPS[step](register, number)
            steps = (*steps, step)
        else:
            with pytest.raises(Conflict):
                STEPS[step](register, number)
        assert register.entries()[-1].state == ALLOWED.get(steps, "received")


def test_an_extension_is_given_within_the_first_month(register: Requests, clock: Clock) -> None:
    """On its last day still, not on the day after; then three months count from receipt (art. 12(3))."""
    one, two = register.add("access").number, register.add("access").number
    clock.day("2026-02-28")
    assert str(register.extend(one, "complex").due) == "2026-04-30"
    clock.day("2026-03-01")
    with pytest.raises(Conflict, match="first month"):
        register.extend(two, "complex")


def test_what_is_due_and_overdue_is_told(register: Requests, clock: Clock) -> None:
    """Of all tenants; on its last day a request is not late; closed too late it stays marked, and is no longer overdue."""
    register.add("access", received=date(2026, 1, 1))
    register.add("objection", tenant="lyon")
    assert [each.number for each in register.overdue()] == []
    clock.day("2026-02-01")
    assert [str(each.due) for each in register.overdue(within=7)] == ["2026-02-01"]
    assert register.overdue() == []
    clock.day("2026-02-02")
    assert [each.tenant for each in register.overdue()] == ["default"]
    clock.day("2026-03-01")
    assert {each.tenant for each in register.overdue()} == {"default", "lyon"}
    register.identify(1)
    closed = register.close(1)
    assert closed.late(register.today())
    assert [each.tenant for each in register.overdue()] == ["lyon"]


def test_a_tenant_has_numbers_of_its_own(register: Requests) -> None:
    """And sees only its own; a tenant that is not there has no register."""
    assert [register.add("access").number, register.add("access").number, register.add("access", tenant="lyon").number] == [1, 2, 1]
    assert len(register.entries()) == 2
    assert [each.number for each in register.entries(tenant="lyon")] == [1]
    with pytest.raises(NotFound):
        register.identify(2, tenant="lyon")
    with pytest.raises(ConfigurationError):
        register.add("access", tenant="nancy")


def test_a_person_is_a_number_that_an_erasure_takes_out(register: Requests, vault: Vault) -> None:
    """Who is not known is not kept at all; the entry of who is erased stays, without them."""
    known, stranger = register.add("erasure", agent=ANA), register.add("access", agent={"mbox": "mailto:zoe@example.fr"})
    assert (known.known, stranger.known) == (True, False)
    assert vault.entries(RequestRow, "default")[0].sid == ANAS_SID
    vault.shred("default", [ANAS_SID], [])
    assert [(row.sid, row.kind) for row in vault.entries(RequestRow, "default")] == [(None, "erasure"), (None, "access")]


def test_a_right_is_exercised_for_its_request(register: Requests) -> None:
    """Once who asks was identified, for the right that was asked for and the person that it is about; met when it went well, else still open."""
    number = register.add("erasure", agent=ANA).number
    for identified, kinds, sids in (
        (False, (Kind.ERASURE,), {ANAS_SID}),
        (True, (Kind.ACCESS, Kind.PORTABILITY), {ANAS_SID}),
        (True, (Kind.ERASURE,), {5}),
        (True, (Kind.ERASURE,), set()),
    ):
        if identified and register.entries()[0].state == "received":
            register.identify(number)
        with pytest.raises(Conflict), register.meeting(number, *kinds, sids=sids):
            pytest.fail("nothing may be done")
    with pytest.raises(ZeroDivisionError), register.meeting(number, Kind.ERASURE, sids={ANAS_SID}):
        raise ZeroDivisionError
    assert register.entries()[0].state == "identified"
    with register.meeting(number, Kind.ERASURE, Kind.POST_MORTEM, sids={5, ANAS_SID}):
        pass
    assert register.entries()[0].state == "done"


def test_every_change_is_in_the_audit_trail(register: Requests, settings: Settings, audit: Audit) -> None:
    """With the number and kind of the request, and the person sealed."""
    number = register.add("access", agent=ANA).number
    register.identify(number)
    register.extend(number, "many")
    register.close(number)
    register.close(register.add("objection").number, refusal="claims")
    found = [each for _, each in entries(settings.data / "audit") if each.object]
    assert [(each.action, each.object) for each in found] == [
        ("add a request", "request 1: access"),
        ("identify a request", "request 1: access"),
        ("extend a request", "request 1: access"),
        ("meet a request", "request 1: access"),
        ("add a request", "request 2: objection"),
        ("refuse a request", "request 2: objection"),
    ]
    assert entry.opened(found[0], audit._keys("default").trail) == ("local", [ANAS_SID])


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "forgetting"},
        {"reference": "ana@example.fr"},
        {"reference": "Ana Martin"},
        {"reference": "a" * 41},
        {"received": date(2026, 2, 1)},
        {"agent": {"name": "Ana"}},
    ],
)
def test_what_is_no_request_is_refused(register: Requests, wrong: dict[str, object]) -> None:
    """Unknown kinds and reasons, references that could be a person, a day to come, an agent without an identifier; nothing is entered."""
    with pytest.raises(InvalidRequest) as refused:
        register.add(**{"kind": "access"} | wrong)
    assert "ana" not in str(refused.value).lower().replace("person", "")
    assert register.entries() == []


def test_an_unknown_reason_is_refused(register: Requests) -> None:
    """Reasons are words from a list, so that nothing of anybody's gets in."""
    number = register.add("access").number
    for attempt in (lambda: register.extend(number, "holidays"), lambda: register.close(number, refusal="nuisance")):
        with pytest.raises(LRSError, match="it is one of"):
            attempt()
