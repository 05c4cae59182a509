"""``lrs``: the entry point, and what a user sees when something fails."""

from __future__ import annotations

import os
import sys

from lrs.cli.commands import lrs
from lrs.errors import LRSError


def main() -> None:
    """Run the command line and exit: 0 when all went well, 1 when something was refused, 2 for a wrong call."""
    try:
        lrs.main(prog_name="lrs")
    except LRSError as error:
        sys.exit(describe(error))
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 -- a traceback may hold statements, in messages and source lines
        sys.exit(describe_unexpected(error))


def describe(error: LRSError) -> str:
    """Say what happened and what to do, in one block."""
    return f"lrs: {error}" + (f"\n     {error.hint}" if error.hint else "")


def describe_unexpected(error: BaseException) -> str:
    """Say where an unexpected error comes from, without its message, which could quote a statement."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        places.append(f"{trace.tb_frame.f_globals.get('__name__', '?')}:{trace.tb_lineno}")
        trace = trace.tb_next
    lines = [f"lrs: internal error {type(error).__name__} at {places[-1]}"]
    if os.environ.get("LRS_DEBUG"):
        lines += [f"     from {place}" for place in reversed(places[:-1])]
    else:
        lines.append("     Set LRS_DEBUG=1 to see where it came from; please report it, it is a fault of lrs.")
    return "\n".join(lines)
