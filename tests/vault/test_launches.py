"""Launches that were used."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

from lrs.settings import Settings
from lrs.storage.vault import Vault


def test_a_launch_is_used_once(settings: Settings) -> None:
    """Of many threads of two processes one uses it, each time; another tenant's number is another one."""
    first, second = Vault.open(settings), Vault.open(settings)
    try:
        for _ in range(10):
            number = os.urandom(16)

            def use(turn: int, number: bytes = number) -> bool:
                return (first, second)[turn % 2].spend("t", number, until=100, now=1)

            with ThreadPoolExecutor(8) as threads:
                assert sum(threads.map(use, range(16))) == 1
            assert second.spend("u", number, until=100, now=1)
    finally:
        first.close()
        second.close()


def test_it_is_remembered_until_it_ends(vault: Vault) -> None:
    """Then it is refused as expired, and need not be known."""
    number = os.urandom(16)
    assert vault.spend("t", number, until=100, now=1)
    assert not vault.spend("t", number, until=100, now=100)
    assert vault.spend("t", number, until=300, now=101)
