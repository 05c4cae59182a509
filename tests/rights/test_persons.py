"""Who is one person: identifiers that were joined, a mailbox and its SHA-1; and who only looks like one."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from lrs.crypto.keyring import Keyring
from lrs.privacy.identity import Identities
from lrs.privacy.suppression import Suppression
from lrs.rights.persons import alike, sids_of
from lrs.storage.vault import Vault
from lrs.xapi.model import Person
from lrs.xapi.rules import check_identified
from tests.vault.databases import DATABASES, empty_vault

T = "default"


class Room:
    """A vault with a tenant, and people taken in."""

    def __init__(self, vault: Vault) -> None:
        self.vault = vault
        self.keys = Keyring.generate(T).tenant(T)
        self.vault.check_keyring(T, self.keys.check)
        suppression = Suppression(T, self.keys, vault, clock=lambda: 0)
        self._identities = Identities(T, self.keys, vault, month=lambda: 202611, suppression=suppression)

    def come(self, json: str) -> int:
        """Somebody comes under an identifier -> their number."""
        person = self.person(json)
        self._identities.learn([person])
        return self._identities.token(person)[0]

    def sids(self, json: str) -> set[int]:
        return set(sids_of(self.vault, self.keys, T, self.person(json)))

    def alike(self, json: str) -> set[int]:
        return set(alike(self.vault, self.keys, T, [self.person(json).ifi]))

    @staticmethod
    def person(json: str) -> Person:
        return check_identified(json.encode())


def mbox(mailbox: str) -> str:
    return f'{{"mbox":"mailto:{mailbox}"}}'


def digest(mailbox: str) -> str:
    return f'{{"mbox_sha1sum":"{hashlib.sha1(f"mailto:{mailbox}".encode(), usedforsecurity=False).hexdigest()}"}}'


def account(name: str) -> str:
    return f'{{"account":{{"homePage":"https://lms.example.fr","name":"{name}"}}}}'


@pytest.fixture(params=DATABASES)
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    vault = Vault.open(empty_vault(request.param, tmp_path))
    yield Room(vault)
    vault.close()


def test_who_is_unknown_is_nobody(room: Room) -> None:
    """An identifier that never came gives no subject, and makes none."""
    assert room.sids(mbox("ana@example.fr")) == set()
    assert room.sids(mbox("ana@example.fr")) == set()


def test_a_mailbox_and_its_digest_are_one_person(room: Room) -> None:
    """Either identifier finds both, whichever came first, and one of them alone too."""
    both = {room.come(mbox("ana@example.fr")), room.come(digest("ana@example.fr"))}
    assert len(both) == 2
    assert room.sids(mbox("ana@EXAMPLE.fr")) == room.sids(digest("ana@example.fr")) == both
    only = {room.come(mbox("bob@example.fr"))}
    assert room.sids(digest("bob@example.fr")) == only
    other = {room.come(digest("eve@example.fr"))}
    assert room.sids(mbox("eve@example.fr")) == other


def test_mailboxes_that_differ_in_case_are_hinted_at_and_never_one_person(room: Room) -> None:
    """Another spelling in capitals of the part before the @ is another subject; the vault can say that there is one."""
    one, other, third = room.come(mbox("Ana.Gil@example.fr")), room.come(mbox("ana.gil@example.fr")), room.come(mbox("ana@example.fr"))
    assert room.sids(mbox("ana.gil@example.fr")) == {other}
    assert room.alike(mbox("ana.gil@example.fr")) == room.alike(mbox("ANA.GIL@example.fr")) == {one, other}
    assert room.alike(mbox("ana@example.fr")) == {third}
    assert room.alike(account("ana.gil@example.fr")) == set()


def test_joined_identifiers_are_one_person_until_they_are_parted(room: Room) -> None:
    """Joining is transitive and idempotent, carries digests along, and is undone for one identifier at a time."""
    mail, hashed = room.come(mbox("ana@example.fr")), room.come(digest("ana@example.fr"))
    old, new = room.come(account("ana")), room.come(account("ana-2"))
    bob = room.come(account("bob"))
    assert room.vault.join(T, old, new)
    assert room.vault.join(T, new, mail)
    assert not room.vault.join(T, mail, old)
    assert room.sids(account("ana")) == room.sids(digest("ana@example.fr")) == {mail, hashed, old, new}
    assert room.vault.joined(T, [old]) == {mail, old, new}
    assert room.vault.joined(T, [bob]) == {bob}
    assert room.vault.unjoin(T, new)
    assert not room.vault.unjoin(T, new)
    assert room.sids(account("ana-2")) == {new}
    assert room.sids(account("ana")) == {mail, hashed, old}
    box, hidden, third = room.come(mbox("eve@example.fr")), room.come(digest("eve@example.fr")), room.come(account("eve"))
    room.vault.join(T, third, hidden)
    assert room.sids(account("eve")) == {box, hidden, third}


def test_two_persons_of_several_identifiers_become_one(room: Room) -> None:
    """Joining one of each joins all of both."""
    a, b, c, d = (room.come(account(name)) for name in "abcd")
    room.vault.join(T, a, b)
    room.vault.join(T, c, d)
    assert room.sids(account("a")) == {a, b}
    room.vault.join(T, b, d)
    assert room.sids(account("a")) == room.sids(account("d")) == {a, b, c, d}


def test_another_tenant_is_somebody_else(room: Room) -> None:
    """What is joined in one tenant is looked for in no other."""
    a, b = room.come(account("a")), room.come(account("b"))
    room.vault.join(T, a, b)
    assert room.vault.joined("other", [a]) == {a}
    assert not room.vault.unjoin("other", a)
    assert room.vault.same_person("other", [a]) == {a}
