"""``python -m lrs`` is ``lrs``."""

from __future__ import annotations

from lrs.cli.main import main

main()
