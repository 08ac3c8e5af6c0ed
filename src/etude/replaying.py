"""What a finished run left behind, to be gone through again: its ledger, and the model that has nothing more to say.

The old ledger is only read. Whatever is decided anew goes to a new one, which knows what was drawn from the old.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from etude.caps import Caps
from etude.errors import InputError
from etude.ledger import Ledger
from etude.records import Completion, Outcome, Request, Verdict


class Past(Ledger):
    """The ledger of the old run, only read."""

    def stages(self) -> list[tuple[str, int]]:
        """Every stage and round that has attempts, in the order in which they began."""
        return list(self._rows("select stage, round from attempts group by stage, round order by min(rowid)", ()))


class Again(Ledger):
    """The ledger of the new verdicts. What was drawn, and what is believed, is read from the old one."""

    def __init__(self, folder: Path, past: Ledger, believe: bool) -> None:
        super().__init__(folder)
        self._past, self._believe = past, believe

    def rulings(self, keys: Sequence[str]) -> dict[str, Verdict]:
        """The verdicts known under `keys`: the same task, judge and program, here or in the past."""
        known = self._past.rulings(keys) if self._believe else {}
        return {**known, **super().rulings(keys)}

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        """The completions known under `keys`."""
        return {**self._past.get(keys), **super().get(keys)}

    def outcomes(self, keys: Sequence[str]) -> dict[str, Outcome]:
        """The outcomes known under `keys`."""
        return {**self._past.outcomes(keys), **super().outcomes(keys)}


class Silent:
    """The model that drew the old samples, as far as the record goes: it has its name, and not a word to say."""

    def __init__(self, fingerprint: str) -> None:
        self.fingerprint, self.caps = fingerprint, Caps()

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Yields nothing.

        Raises:
            InputError: Something is asked.
        """
        if requests:
            raise InputError(
                f"{len(requests)} completions are not on record, and a rerun asks no model",
                expected="a run whose tasks are a task set, or were written by the model under test",
                fix="etude run RECIPE in a folder of its own",
            )
        yield from ()

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        """Always raises: nothing on record has probabilities.

        Raises:
            InputError: Always.
        """
        raise InputError("a rerun asks no model, not for probabilities either")
