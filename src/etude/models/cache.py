"""Samples are paid for once: a model behind a store of what it has already written.

A sample's key says everything it depends on (weights, prompt, sampling, sample index), so a stored text is exactly
what the model would write again. Completions are stored as they arrive, a few at a time, and handed on only then: a
killed run loses what was in work and no more, and a model that stops by an error loses nothing that it has written.
Where samples are stored is the store's business. A model that keeps an account of what it costs is given the store's
book, where the store has one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from etude.caps import Caps
from etude.protocols import Model
from etude.records import Completion, Request, canonical


class Store(Protocol):
    """Completions by key; `put` returns once they would survive the process."""

    def get(self, keys: Sequence[str]) -> dict[str, Completion]: ...
    def put(self, items: Iterable[tuple[str, Completion]]) -> None: ...


@dataclass
class MemoryStore:
    """Keeps completions for the life of the process."""

    kept: dict[str, Completion] = field(default_factory=dict)

    def get(self, keys: Sequence[str]) -> dict[str, Completion]:
        return {key: self.kept[key] for key in keys if key in self.kept}

    def put(self, items: Iterable[tuple[str, Completion]]) -> None:
        self.kept.update(items)


@dataclass
class Cached:
    """A model that draws only what its store does not hold.

    Attributes:
        model: Who writes what is missing.
        store: What has been written.
        batch: Completions put into the store at once (each call may cost a disk write); those of a model that is paid
            for are stored one by one.
        drawn: How many completions the model has written through this object.
    """

    model: Model
    store: Store
    batch: int = 16
    drawn: int = field(default=0, init=False)

    @property
    def fingerprint(self) -> str:
        """The wrapped model's."""
        return self.model.fingerprint

    @property
    def caps(self) -> Caps:
        """The wrapped model's."""
        return self.model.caps

    def generate(self, requests: Sequence[Request]) -> Iterator[Completion]:
        """Yield what is stored, then what is missing as it is written; equal requests are drawn once."""
        keys = [sample_key(self.fingerprint, request) for request in requests]
        found = self.store.get(list(dict.fromkeys(keys)))
        missing: dict[str, list[Request]] = {}
        for key, request in zip(keys, requests, strict=True):
            if key in found:
                yield found[key]
            else:
                missing.setdefault(key, []).append(request)
        if missing:
            yield from self._draw(missing)

    def score(self, prompt: str, continuations: Sequence[str]) -> list[list[float]]:
        """The wrapped model's scores; they are not stored."""
        return self.model.score(prompt, continuations)

    def _draw(self, missing: dict[str, list[Request]]) -> Iterator[Completion]:
        account, book = getattr(self.model, "account", None), getattr(self.store, "events", None)
        if account is not None and book is not None:
            account.open(self.store)
        size = self.batch if account is None else 1
        fresh: list[tuple[str, Completion]] = []
        try:
            for completion in self.model.generate([same[0] for same in missing.values()]):
                fresh.append((sample_key(self.fingerprint, completion.request), completion))
                if len(fresh) >= size:
                    done, fresh = fresh, []
                    yield from self._keep(done, missing)
        except Exception:
            self.store.put(fresh)
            self.drawn += len(fresh)
            raise
        yield from self._keep(fresh, missing)

    def _keep(self, fresh: list[tuple[str, Completion]], missing: dict[str, list[Request]]) -> Iterator[Completion]:
        """Store before handing on: whoever gets a completion may rely on finding it again."""
        self.store.put(fresh)
        self.drawn += len(fresh)
        for key, completion in fresh:
            for _ in missing[key]:
                yield completion


def sample_key(fingerprint: str, request: Request) -> str:
    """64 hex digits that name a sample: model, prompt, sampling and sample index."""
    return sha256(canonical({"model": fingerprint, "request": request}).encode()).hexdigest()
