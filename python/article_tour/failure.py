"""Why a tour ends early."""

from __future__ import annotations

EXIT_DIFFERS = 1
EXIT_INFRASTRUCTURE = 3
EXIT_INCOMPLETE = 5
EXIT_INTERRUPTED = 130


class TourError(Exception):
    """Something around the programs is not as it must be, and what mends it."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.hint = hint
