"""What makes a number an error until somebody has looked: nothing passes, everything passes, replies without a program.

Such numbers are far more often a wrong prompt, a wrong stop rule, a broken judge or a leaked answer than a fact about a
model. It decides nothing: whoever shows the number says these words before it.
"""

from etude.records import Report

NO_PROGRAM = 0.05
"""Share of replies without a program above which the reading of replies, not the model, is what is measured."""


def suspicions(report: Report) -> tuple[str, ...]:
    """Why a report is not to be believed as it stands; nothing where there is no such reason."""
    right, judged = (sum(pair[place] for pair in report.counts.values()) for place in (0, 1))
    written = report.samples + report.unjudged
    found = []
    if not judged:
        found.append("no sample could be judged: there is no number")
    elif not right:
        found.append(f"0 %: none of {judged} samples passes. Look at the raw replies, the prompt and the stop rule")
    elif right == judged:
        found.append(
            f"100 %: all {judged} samples pass. Look whether the answers are known, or the tests check nothing"
        )
    if written and report.no_program > NO_PROGRAM * written:
        share = 100 * report.no_program / written
        found.append(
            f"no program found in {share:.1f} % of the replies ({report.no_program} of {written}). "
            "Look at the prompt template, the stop rule and max_tokens"
        )
    if written and report.unjudged > NO_PROGRAM * written:
        share = 100 * report.unjudged / written
        found.append(f"{share:.1f} % of the samples could not be judged ({report.unjudged} of {written})")
    return tuple(found)
