"""Forwarding to other record stores: every target on its own, so that one that is away holds nobody else up."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple
from uuid import UUID

from lrs.errors import ConfigurationError
from lrs.exchange.channel import Channel, Origin, Told
from lrs.exchange.targets import Erasure, Target
from lrs.storage.contract import DeadLetter

_LONGEST_PAUSE = 300.0


class Standing(NamedTuple):
    """How a target stands: the time through which it has everything (None: nothing was given), what it refused, erasures that it does not know of yet."""

    target: Target
    through: int | None
    letters: list[DeadLetter]
    notices: int


class Forwarding:
    """The targets of a store. Thread-safe; a target that two processes forward to gets statements twice, which it recognises."""

    def __init__(self, targets: Sequence[Target], origin: Origin, *, environ: Mapping[str, str] = os.environ) -> None:
        self._targets = {target.name: target for target in targets}
        self._origin = origin
        self._environ = environ

    def run(self, *names: str, replay: bool = False) -> list[Told]:
        """Give targets (all if none is named) what they lack, at the same time; with ``replay`` also what they refused before."""
        chosen = self._chosen(names)
        if not chosen:
            return []
        with ThreadPoolExecutor(len(chosen), "lrs-forward") as threads:
            return list(threads.map(lambda channel: channel.run(replay=replay), [self._channel(target) for target in chosen]))

    @contextmanager
    def following(self, *names: str, every: float) -> Iterator[None]:
        """Keep giving targets what they lack while the block runs, looking every so many seconds; one that fails is left alone for longer and longer."""
        stop = threading.Event()
        threads = [
            threading.Thread(target=self._follow, args=(target, every, stop), name=f"lrs-forward-{target.name}", daemon=True)
            for target in self._chosen(names)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def standing(self, *names: str) -> list[Standing]:
        """Say how targets stand."""
        vault = self._origin.vault
        places = [(target, (target.tenant, target.name)) for target in self._chosen(names)]
        return [
            Standing(target, vault.forwarded_through(*place), vault.dead_letters(*place), len(vault.notices(*place)))
            for target, place in places
        ]

    def drop(self, *names: str) -> int:
        """Forget what targets refused -> how many statements that were."""
        standing = self.standing(*names)
        for each in standing:
            self._origin.vault.drop_letters(each.target.tenant, each.target.name, each.letters)
        return sum(len(each.letters) for each in standing)

    def tell_erasure(self, ids: Sequence[UUID | str], *, tenant: str) -> int:
        """Have every target that may know them told that these statements of a tenant were erased -> how many notices that makes.

        They are kept, sealed, in the vault when this returns, and sent by the next run, as often as it takes; what is told twice changes nothing. Call it
        before or after the statements are gone: it needs their ids alone. A target that was given nothing yet, or whose ``erasure`` is none, is told nothing.
        """
        told = 0
        for target in self._targets.values():
            place = (target.tenant, target.name)
            if target.tenant == tenant and target.erasure is not Erasure.NONE and self._origin.vault.forwarded_through(*place) is not None:
                notices = self._channel(target).notices([UUID(str(each)) for each in ids])
                self._origin.vault.add_notices(*place, notices)
                told += len(notices)
        return told

    def _follow(self, target: Target, every: float, stop: threading.Event) -> None:
        channel, pause = self._channel(target, stop.wait), every
        while not stop.is_set():
            pause = every if channel.run().error is None else min(2 * pause, max(_LONGEST_PAUSE, every))
            stop.wait(pause)

    def _channel(self, target: Target, pause: Callable[[float], object] = time.sleep) -> Channel:
        return Channel(target, self._origin, environ=self._environ, pause=pause)

    def _chosen(self, names: Sequence[str]) -> list[Target]:
        if unknown := sorted(set(names) - self._targets.keys()):
            raise ConfigurationError(
                f"there is no target {unknown[0]}", hint="Targets are named in forward.toml: see docs/how-to/forward.md."
            )
        return [self._targets[name] for name in names or self._targets]
