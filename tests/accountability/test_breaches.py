"""The register of breaches and its 72 hours."""

from __future__ import annotations

from datetime import timedelta

import pytest

from lrs.accountability.breaches import Breaches
from lrs.errors import Conflict, InvalidRequest, NotFound
from lrs.privacy.audit import Audit
from lrs.privacy.audit.verify import entries
from lrs.settings import Settings
from lrs.storage.vault import Vault
from tests.accountability.conftest import Clock


@pytest.fixture
def breaches(vault: Vault, clock: Clock, audit: Audit) -> Breaches:
    return Breaches(vault, tenant="default", clock=clock, audit=audit)


def test_the_authority_is_told_within_72_hours(breaches: Breaches, clock: Clock) -> None:
    """Until then an entry is pending, after it late; the controller that was told stops the clock of its processor; persons alone don't."""
    one, two = breaches.add().number, breaches.add(tenant="lyon").number
    assert breaches.entries()[0].due - breaches.entries()[0].aware == 72 * 3600 * 1_000_000
    clock.now += timedelta(hours=72)
    assert (len(breaches.pending()), breaches.late()) == (2, [])
    breaches.tell(one, "persons")
    clock.now += timedelta(seconds=1)
    assert {each.tenant for each in breaches.late()} == {"default", "lyon"}
    breaches.tell(one, "authority")
    breaches.tell(two, "controller", tenant="lyon")
    assert breaches.pending() == []


def test_a_breach_is_closed_when_somebody_was_told_or_nobody_need_be(breaches: Breaches) -> None:
    """Not before, and once; persons can be told later still."""
    one, two = breaches.add({"people": 3}, reference="V/1").number, breaches.add().number
    with pytest.raises(Conflict, match="nobody was told"):
        breaches.close(one)
    breaches.tell(one, "authority")
    for step in (lambda: breaches.tell(one, "authority"), lambda: breaches.close(two)):
        with pytest.raises(Conflict):
            step()
    assert (breaches.close(one).outcome, breaches.close(two, no_risk=True).outcome) == ("notified", "no-risk")
    for closed in (lambda: breaches.close(one), lambda: breaches.tell(two, "authority"), lambda: breaches.close(two, no_risk=True)):
        with pytest.raises(Conflict):
            closed()
    assert set(breaches.tell(one, "persons").told) == {"authority", "persons"}
    assert [each.facts for each in breaches.entries()] == [{"people": 3}, {}]
    assert breaches.pending() == []


def test_a_processor_that_told_its_controller_has_done_its_part(breaches: Breaches) -> None:
    """It may close its entry: the authority is the controller's to tell (art. 33(2))."""
    number = breaches.add().number
    breaches.tell(number, "controller")
    assert breaches.close(number).outcome == "notified"


def test_what_is_no_breach_is_refused(breaches: Breaches, clock: Clock) -> None:
    """A time to come, a reference that could be a person, a number that is not there."""
    for wrong in ({"aware": clock() + 1}, {"reference": "ana@example.fr"}):
        with pytest.raises(InvalidRequest):
            breaches.add(**wrong)
    with pytest.raises(NotFound):
        breaches.tell(1, "authority")
    assert breaches.entries() == []


def test_every_change_of_a_breach_is_in_the_trail(breaches: Breaches, settings: Settings) -> None:
    """By its number, and who was told."""
    number = breaches.add().number
    for whom in ("authority", "controller", "persons"):
        breaches.tell(number, whom)
    breaches.close(number)
    found = [(each.action, each.object) for _, each in entries(settings.data / "audit") if each.object]
    told = [("tell of a breach", f"breach 1: {whom}") for whom in ("authority", "controller", "persons")]
    assert found == [("add a breach", "breach 1"), *told, ("close a breach", "breach 1")]
