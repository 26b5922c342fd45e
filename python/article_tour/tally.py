"""Counts what a tour compared, and says how it ended."""

from __future__ import annotations

from dataclasses import dataclass, field

from languages import Missing


@dataclass
class Tally:
    """What was run, what of it was not as the article prints it, and what was not run."""

    compared: int = 0
    differing: list[str] = field(default_factory=list)
    not_run: int = 0
    missing: list[Missing] = field(default_factory=list)

    def compare(self, what: str, printed: str, expected: str) -> str:
        """Compares an output and returns the mark to show beside it."""
        self.compared += 1
        if printed == expected:
            return "ok"
        self.differing.append(f"{what}: printed {printed!r}, and the article {expected!r}")
        return "X differs"

    def leave_out(self, language: Missing) -> str:
        """Counts an output that cannot be had and returns what to show in its place."""
        self.not_run += 1
        if language not in self.missing:
            self.missing.append(language)
        return f"not run: {language.why}"

    def verdict(self) -> str:
        """The tour in one line."""
        told = f"all {self.compared} outputs are as the article prints them"
        if self.differing:
            wrong = f"{len(self.differing)} of {self.compared}"
            told = f"{wrong} outputs are not as the article prints them"
        if not self.missing:
            return told
        whys = ", ".join(language.why for language in self.missing)
        return f"{told}; {self.not_run} not run: {whys}"
