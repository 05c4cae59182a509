"""What work costs: seconds of the processor, since those of the clock tell how busy the machine is with other things."""

from __future__ import annotations

import time
from typing import Self


class Effort:
    """The work of a block: ``seconds`` of the processor, those of all threads of this process together."""

    seconds = 0.0

    def __enter__(self) -> Self:
        self._start = time.process_time()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.seconds = time.process_time() - self._start
