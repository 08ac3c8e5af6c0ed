"""The five result codes of Agnostics, for verdicts on programs in any language.

"Agnostics: Learning to Code in Any Programming Language via Reinforcement with a Universal Learning Environment"
(arXiv 2508.04865): one verifier for every language, which says one of five things about a program, and only `success`
counts. Its protocol has one word for a program that does not compile and one that crashes; `cause_of` tells the two
apart. A verdict that could not be had has no code: it is neither.
"""

from typing import Literal, get_args

from etude.records import Verdict

Code = Literal["success", "fail:wrong-output", "fail:error", "fail:timeout", "fail:other"]
"""What the protocol says: right; ran and printed something else; does not compile, or ended by a fault; did not end in
time; anything else (here: too much memory or output, or something that the jail refuses)."""
Cause = Literal["", "wrong output", "does not compile", "ends with a fault", "out of time", "out of memory", "output"]
"""Why a program did not pass, one word finer; "" where there is no such word."""

CODES: tuple[Code, ...] = get_args(Code)
REFUSED = "the program does not compile"
FLOOD = "the program prints too much"
"""Reasons of verdicts that say more than their status."""

BY_CAUSE: dict[Cause, Code] = {
    "wrong output": "fail:wrong-output",
    "does not compile": "fail:error",
    "ends with a fault": "fail:error",
    "out of time": "fail:timeout",
}
"""Every other cause is `fail:other`."""


def code_of(verdict: Verdict) -> Code | None:
    """The code of a verdict, or None where the program could not be judged."""
    if verdict.passed is None:
        return None
    return "success" if verdict.passed else BY_CAUSE.get(cause_of(verdict), "fail:other")


def cause_of(verdict: Verdict) -> Cause:
    """Why the program did not pass; "" for one that passed or could not be judged."""
    if verdict.passed is not False:
        return ""
    if verdict.reason.startswith((REFUSED, FLOOD)):
        return "does not compile" if verdict.reason.startswith(REFUSED) else "output"
    by_status: dict[str, Cause] = {
        "failed": "wrong output",
        "error": "ends with a fault",
        "killed": "ends with a fault",
        "timeout": "out of time",
        "memory": "out of memory",
    }
    return by_status.get(verdict.status, "")
