"""The video profile, asked of what FUN-MOOC's players really sent."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from pathlib import Path

from lrs.sources.profiles import profile
from lrs.sources.repair import repaired

KNOWN = {
    # Marsha wrote no duration and no completion in 2021; since then it does.
    ("completed", "must have duration (template completed)"),
    ("completed", "must have completion (template completed)"),
}


def test_real_statements_keep_to_the_profile_but_for_what_is_known(real_statements: Path) -> None:
    """Every verb and setting of 22,000 statements, downloads included, with the repair of what is a number written as text."""
    video, found, mended = profile("video"), Counter[tuple[str, str]](), 0
    with gzip.open(real_statements) as lines:
        for line in lines:
            statement = repaired(line, ["pod-numbers-as-text"], lambda *_: "")
            mended += bool(statement.rules)
            read = json.loads(statement.statement)
            found.update((read["verb"]["id"].rpartition("/")[2], breach.rule) for breach in video(read))
    assert set(found) == KNOWN
    assert mended == 39
