"""What is done again and again beside everything else, in a thread of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lrs.errors import LRSError

Stopped = Callable[[], bool]
"""Whether the block has ended, for work that takes long."""


@contextmanager
def rounds(
    name: str, work: Callable[[Stopped], object], *, every: float, failed: Callable[[LRSError], object], at_once: bool = False
) -> Iterator[None]:
    """Do the work every so many seconds while the block runs, the first time after as many or ``at_once``; what is under way at the end is waited for.

    What goes wrong with the store is told to ``failed``, and tried again in the next round. ``name`` is that of the thread.
    """
    stop = threading.Event()

    def run() -> None:
        pause = 0 if at_once else every
        while not stop.wait(pause):
            pause = every
            try:
                work(stop.is_set)
            except LRSError as error:
                failed(error)

    thread = threading.Thread(target=run, name=name)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
