"""What repairs add and what they cost, for the report: one chart per arm and the notes that go with it."""

from collections.abc import Mapping, Sequence

from etude.records import Report
from etude.suites.repairk import crossover
from etude.viewer.charts import budgets


def charts(arms: Mapping[str, Sequence[Report]]) -> list[tuple[str, str]]:
    """(heading, SVG) for the last report of each arm that was measured with repairs."""
    return [(f"Samples or repairs, {name}", budgets(report.curves)) for name, report in _last(arms).items()]


def notes(arms: Mapping[str, Sequence[Report]]) -> list[str]:
    """What the repairs of each arm came to, in words; and where hidden tests steered them."""
    found = [_sentence(name, report) for name, report in _last(arms).items()]
    steered = [name for name, report in _last(arms).items() if report.oracle]
    if steered:
        found.append(
            f"Oracle: in {', '.join(steered)} hidden tests decided at test time what was repaired. Nobody without "
            "these tests could have got the numbers after repair."
        )
    return found


def _last(arms: Mapping[str, Sequence[Report]]) -> dict[str, Report]:
    return {name: reports[-1] for name, reports in arms.items() if reports and reports[-1].curves}


def _sentence(name: str, report: Report) -> str:
    samples, chains = report.curves.get("samples", ()), report.curves.get("chains", ())
    parts = [f"{name}: with their repairs the samples solve"]
    parts.append(", ".join(f"{100 * value.value:.1f} % (k = {k})" for k, value in report.repair_at.items()))
    if chains:
        parts.append(f"for {chains[0].generations:.2f} generations a sample.")
    met = crossover(samples, chains)
    if met is None:
        parts.append("At equal tokens, sampling solves more as far as was measured.")
    else:
        parts.append(f"At equal tokens, repairing solves as much or more from {met:,.0f} tokens per task on.")
    return " ".join(parts)
