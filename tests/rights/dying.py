"""An erasure that is killed: ``python -m tests.rights.dying DATA before|after MODULE OBJECT [NUMBER]``, in a process of its own.

OBJECT is a function of the module, or a method as ``Class.method``; the process ends with SIGKILL when it is called for the NUMBER-th time.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
from typing import Any

import lrs
from tests.rights.standing import ANA


def die_at(when: str, module: str, name: str, number: int) -> None:
    """Have this process killed at a call."""
    holder: Any = importlib.import_module(module)
    *outer, last = name.split(".")
    for each in outer:
        holder = getattr(holder, each)
    original, calls = getattr(holder, last), 0

    def dying(*arguments: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == number and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*arguments, **named)
        if calls == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(holder, last, dying)


if __name__ == "__main__":
    data, when, module, name, number = sys.argv[1:]
    with lrs.open(data) as store:
        die_at(when, module, name, int(number))
        store.erase(ANA)
