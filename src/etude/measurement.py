"""How a number was made, as one frozen object: two numbers of different measurements do not stand side by side.

Prompt templates, reply parser, stop rule, limits, sampling parameters and sandbox level are in it. The model, the
tasks, the number of samples and the seed are not: the same measurement can be made of any model, on any tasks, again.
What a run measures with is read off its parts by `etude.measuring`.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

DIGITS = 8
TOLD = 6  # differences that a message names


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """The protocol of a number.

    Attributes:
        estimator: How verdicts become a number, such as `pass@k/1`.
        solver, judge: Setting -> value of each, defaults written out; `use` is the part's name.
        prompts: Name of a prompt template with its version -> hash of its text.
        parser: Version of what reads a program out of a reply.
        stop: Kind of task -> the strings that end a reply.
        temperature, top_p, max_tokens: How replies are drawn; None where the solver has no such setting.
        sandbox: The level of isolation in force, such as `namespaces`.
        version: Of this record.
    """

    estimator: str
    solver: Mapping[str, Any]
    prompts: Mapping[str, str]
    parser: str
    stop: Mapping[str, tuple[str, ...]]
    temperature: float | None
    top_p: float | None
    max_tokens: int | None
    judge: Mapping[str, Any]
    sandbox: str
    version: int = 1


def digest(measurement: Measurement) -> str:
    """Eight hex digits that stand for the whole of it."""
    text = json.dumps(asdict(measurement), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGITS]


def named(measurement: Measurement | None) -> str:
    """The digest, or that nothing was recorded."""
    return digest(measurement) if measurement else "not recorded"


def words(measurement: Measurement) -> str:
    """The protocol as one line, its digest first."""
    prompts = " + ".join(measurement.prompts) or "no prompt"
    drawing = [
        f"temperature {measurement.temperature:g}" if measurement.temperature is not None else "",
        f"top-p {measurement.top_p:g}" if measurement.top_p is not None else "",
        f"{measurement.max_tokens} tokens" if measurement.max_tokens is not None else "",
    ]
    parts = [
        f"{measurement.estimator} by {measurement.solver.get('use', '?')}",
        f"prompt {prompts}",
        f"parser {measurement.parser}",
        ", ".join(filter(None, drawing)),
        f"judge {_limits(measurement.judge)}",
        f"sandbox {measurement.sandbox or 'unknown'}",
    ]
    return f"protocol {digest(measurement)}: " + " \N{MIDDLE DOT} ".join(filter(None, parts))


def _limits(judge: Mapping[str, Any]) -> str:
    units = (("cpu_seconds", "cpu {:g} s"), ("wall_seconds", "wall {:g} s"))
    known = [text.format(judge[key]) for key, text in units if isinstance(judge.get(key), int | float)]
    memory = judge.get("memory_bytes")
    known += [f"{memory / 2**20:g} MiB"] if isinstance(memory, int) else []
    return f"{judge.get('use', '?')} ({', '.join(known)})" if known else str(judge.get("use", "?"))


def differences(one: Measurement, other: Measurement) -> tuple[str, ...]:
    """What differs, as `judge.cpu_seconds: 1.0 against 10.0`, in the order of the fields."""
    return tuple(_differences("", asdict(one), asdict(other)))


def _differences(where: str, one: Any, other: Any) -> Iterator[str]:
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in dict.fromkeys([*one, *other]):
            place = f"{where}.{key}" if where else str(key)
            yield from _differences(place, one.get(key, "nothing"), other.get(key, "nothing"))
    elif _plain(one) != _plain(other):
        yield f"{where}: {one} against {other}"


def _plain(value: Any) -> Any:
    """Read back from JSON, a tuple is a list."""
    return json.loads(json.dumps(value, default=str))


def told(found: tuple[str, ...]) -> str:
    """Differences as part of a sentence, not all of many."""
    more = f" and {len(found) - TOLD} more" if len(found) > TOLD else ""
    return f"{'; '.join(found[:TOLD])}{more}"
