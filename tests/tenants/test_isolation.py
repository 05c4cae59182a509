"""Two tenants in one store: whatever is asked for one gives nothing of the other."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import attrs
import msgspec
import pytest

import lrs
from lrs.access import Principal, View
from lrs.errors import InvalidRequest, LRSError, NotFound, TamperedData
from tests.backup.stores import settings
from tests.storage.engines import ENGINES, settings_for

NORTH, SOUTH = "north", "south"
PEOPLE = [{"mbox": f"mailto:p{n}@example.fr"} for n in range(6)]
VERBS = [f"https://verbs.example.fr/{n}" for n in range(3)]
ACTIVITIES = [f"https://lms.example.fr/{n}" for n in range(4)]
IDS = [str(UUID(int=0x10000000_0000_4000_8000_000000000000 + n)) for n in range(40)]
SEED = 20_261_125
ROUNDS = 400


def canary(tenant: str) -> str:
    """What only this tenant's data hold."""
    return f"canary-{tenant}"


def statement(tenant: str, choose: random.Random, identifier: str) -> dict[str, Any]:
    """A statement of a shared person with a shared id, in which this tenant's canary stands wherever something can."""
    activity = choose.choice(ACTIVITIES)
    return {
        "id": identifier,
        "actor": {**choose.choice(PEOPLE), "name": f"{canary(tenant)} {choose.randrange(9)}"},
        "verb": {"id": choose.choice(VERBS)},
        "object": {"id": activity, "definition": {"name": {"en": canary(tenant)}}},
        "result": {"response": canary(tenant)},
        "context": {
            "instructor": choose.choice(PEOPLE),
            "registration": choose.choice(IDS),
            "extensions": {"https://e.fr/x": canary(tenant)},
        },
    }


@pytest.fixture(scope="module", params=ENGINES)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[lrs.LRS]:
    """Two tenants with the same people, ids, activities and documents, and other contents."""
    with settings_for(request.param, tmp_path_factory.mktemp("isolation")) as chosen, lrs.open(chosen) as opened:
        choose = random.Random(SEED)
        for tenant in (NORTH, SOUTH):
            opened.credentials.add("platform", tenant=tenant)
            mine = of(opened, tenant)
            opened.ingest([statement(tenant, choose, each) for each in IDS], principal=mine)
            for person in PEOPLE:
                opened.documents.agent_profile(person, principal=mine).put("p", canary(tenant).encode(), if_none_match="*")
                for activity in ACTIVITIES:
                    opened.documents.state(activity, person, principal=mine).put("s", canary(tenant).encode())
            for activity in ACTIVITIES:
                opened.documents.activity_profile(activity, principal=mine).put("a", canary(tenant).encode(), if_none_match="*")
        yield opened


def of(store: lrs.LRS, tenant: str) -> Principal:
    """Whoever may do everything in a tenant."""
    return attrs.evolve(store.owner, tenant=tenant, credential_id=f"local-{tenant}")


def asked(store: lrs.LRS, mine: Principal, choose: random.Random) -> Any:
    """One read, of any kind, with any filters -> what it gave."""
    person, activity = choose.choice(PEOPLE), choose.choice(ACTIVITIES)
    filters: dict[str, Any] = {
        "agent": person,
        "verb": choose.choice(VERBS),
        "activity": activity,
        "registration": choose.choice(IDS),
        "related_agents": True,
        "related_activities": True,
        "ascending": True,
        "limit": choose.randrange(1, 50),
        "format": choose.choice(("exact", "ids", "canonical")),
    }
    some = {name: value for name, value in filters.items() if choose.random() < 0.4}
    reads = {
        "query": lambda: store.query(principal=mine, **some).bodies,
        "one": lambda: store.query(principal=mine, statement_id=choose.choice(IDS)).bodies,
        "person": lambda: store.person(person, principal=mine),
        "activity": lambda: store.activity(activity, principal=mine),
        "count": lambda: store.count(choose.choice(("verb", "activity", "actor", "day")), principal=mine),
        "export": lambda: [body for page in store.export(principal=mine) for body in page.bodies],
        "state": lambda: store.documents.state(activity, person, principal=mine).get("s").content,
        "profile": lambda: store.documents.agent_profile(person, principal=mine).get("p").content,
        "activity profile": lambda: store.documents.activity_profile(activity, principal=mine).get("a").content,
        "listing": lambda: store.documents.state(activity, person, principal=mine).listing().ids,
    }
    return choose.choice(list(reads.values()))()


def test_no_read_reaches_the_other(store: lrs.LRS) -> None:
    """Hundreds of random reads with shared people, ids and activities: each gives its own tenant's canary, if any, and never the other one's."""
    choose = random.Random(SEED)
    seen = 0
    for _ in range(ROUNDS):
        tenant, other = choose.sample((NORTH, SOUTH), 2)
        found = asked(store, of(store, tenant), choose)
        text = repr(found)
        assert canary(other) not in text
        seen += canary(tenant) in text
    assert seen > ROUNDS / 2


def test_no_write_reaches_the_other(store: lrs.LRS) -> None:
    """What one writes, voids or deletes under shared ids is not seen by the other: neither a conflict, nor a change."""
    before = [bytes(body) for page in store.export(principal=of(store, SOUTH)) for body in page.bodies]
    mine, theirs = of(store, NORTH), of(store, SOUTH)
    own = str(uuid4())
    store.ingest(statement(NORTH, random.Random(1), own), principal=mine)
    void = {"id": "http://adlnet.gov/expapi/verbs/voided"}
    store.ingest({"actor": PEOPLE[0], "verb": void, "object": {"objectType": "StatementRef", "id": IDS[0]}}, principal=mine)
    store.documents.state(ACTIVITIES[0], PEOPLE[0], principal=mine).delete("s")
    with pytest.raises(NotFound):
        store.query(statement_id=own, principal=theirs)
    assert store.query(statement_id=IDS[0], principal=theirs).bodies
    assert store.documents.state(ACTIVITIES[0], PEOPLE[0], principal=theirs).get("s").content == canary(SOUTH).encode()
    assert [bytes(body) for page in store.export(principal=theirs) for body in page.bodies] == before
    # The same id with other content is no conflict in the other tenant.
    store.ingest(statement(SOUTH, random.Random(2), own), principal=theirs)


def test_tokens_are_not_shared(store: lrs.LRS) -> None:
    """The token of a page that one tenant got gives the other one nothing, for a credential of the same name too."""
    token = store.query(principal=of(store, NORTH), limit=1).more
    assert token
    with pytest.raises(LRSError) as refused:
        store.query(more=token, principal=attrs.evolve(of(store, NORTH), tenant=SOUTH))
    assert isinstance(refused.value, InvalidRequest)


def test_pseudonyms_are_not_shared(store: lrs.LRS) -> None:
    """The same person, statement and registration have other pseudonyms in each tenant, so that the two can't be joined."""
    shown = [
        {each["actor"]["account"]["name"] for each in page.statements} | {each["id"] for each in page.statements}
        for tenant in (NORTH, SOUTH)
        for page in [store.query(principal=attrs.evolve(of(store, tenant), view=View.PSEUDONYMOUS))]
    ]
    assert shown[0]
    assert shown[1]
    assert not shown[0] & shown[1]


def test_one_tenants_keys_open_nothing_of_the_others(store: lrs.LRS) -> None:
    """Every wrapped key, tried with the other's keyring; and every spelling, tried under the key of every person of the other: none opens."""
    opened = {}
    for tenant, other in ((NORTH, SOUTH), (SOUTH, NORTH)):
        wrapped = dict(store._vault.older_keys(tenant, 1 << 30, after=None, limit=1000))
        opened[tenant] = store._keys(tenant).deks(wrapped)
        for sid, key in wrapped.items():
            with pytest.raises(TamperedData):
                store._keys(other).dek(sid, key.epoch, key.wrapped, key.check)
    for tenant, other in ((NORTH, SOUTH), (SOUTH, NORTH)):
        for sid in opened[tenant]:
            for fingerprint, sealed in store._vault.spellings(tenant, sid):
                assert msgspec.json.decode(opened[tenant][sid].open("variant", fingerprint, sealed)) is not None
                for dek in opened[other].values():
                    with pytest.raises(TamperedData):
                        dek.open("variant", fingerprint, sealed)


def test_a_row_that_is_moved_to_the_other_tenant_does_not_open(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever can write the vault's tables and hands one tenant's person to the other shows nothing: the key does not fit there."""
    with lrs.open(settings(tmp_path_factory.mktemp("moved"))) as store:
        for tenant in (NORTH, SOUTH):
            store.credentials.add("platform", tenant=tenant)
        store.ingest(statement(NORTH, random.Random(3), IDS[0]), principal=of(store, NORTH))
        with store._vault._write() as connection:
            for table in ("subject", "variant", "identifier"):
                connection.exec_driver_sql(f"UPDATE {table} SET tenant = 'south'")
        with store._warehouse._sessions.writer() as session:
            session.command("INSERT INTO statements SELECT * REPLACE ('south' AS tenant) FROM statements")
        with pytest.raises(TamperedData):
            store.query(principal=of(store, SOUTH))
