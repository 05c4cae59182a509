"""Entries of the audit trail: ./dev run python -m benchmarks.audit. Processor time an entry, by how many share a write, and by people in each."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from lrs.crypto.keyring import Keyring
from lrs.privacy.audit import Audit, Event
from lrs.privacy.audit.verify import verify
from lrs.settings import Settings

_ENTRIES = 50_000


def main() -> None:
    """Write entries, verify them, and print what each cost."""
    keyring = Keyring.generate("default")
    for people in (0, 3, 30):
        event = Event(
            action="read statements",
            tenant="default",
            credential="5f0c3b9e-0d1c-4f6e-9a55-1d2c3b4a5f60",
            counts={"people": people, "statements": 100},
            request="0123456789abcdef",
            sids=frozenset(range(2**63, 2**63 + people)),
        )
        for together in (1, 100, 1000):
            with tempfile.TemporaryDirectory(prefix="lrs-bench-") as directory:
                measure(keyring, Path(directory), event, together)


def measure(keyring: Keyring, directory: Path, event: Event, together: int) -> None:
    entries = _ENTRIES if together > 1 else 2000
    trail = Audit(Settings(data=directory), signer=lambda: keyring.signer, keys=keyring.tenant, clock=lambda: time.time_ns() // 1000)
    trail.record(event)
    start, processor = time.perf_counter(), time.process_time()
    for _ in range(entries // together):
        # As when many wait at once: one of them writes for all.
        pending = [trail._take(event) for _ in range(together)]  # noqa: SLF001 -- the thread that would write by itself is kept out
        trail.wait(pending[-1])
    seconds, processor = time.perf_counter() - start, time.process_time() - processor
    trail.close()
    start = time.perf_counter()
    (report,) = verify(directory / "audit", keyring.signer.key)
    verified = (time.perf_counter() - start) / report.entries
    print(
        f"{len(event.sids):2} people, {together:4} together: {processor / entries * 1e6:6.2f} us of processor an entry, "
        f"{seconds / entries * together * 1e3:6.2f} ms a write, {verified * 1e6:5.2f} us to verify one"
    )


if __name__ == "__main__":
    main()
