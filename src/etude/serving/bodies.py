"""What the judge's server reads and writes: pydantic models, with the examples that its OpenAPI page shows."""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from etude.records import encode
from etude.rewards.execution import public, reward_of
from etude.rewards.referee import Decided, Written

EXAMPLE: dict[str, Any] = {
    "protocol": "1b2c3d4e",
    "verdicts": [
        {
            "task_id": "add",
            "passed": True,
            "reward": 1.0,
            "share": None,
            "score": 1.0,
            "reason": "",
            "status": "ok",
            "strength": "tests",
            "isolation": "namespaces",
            "trust": "outside",
            "judge": "tests",
            "attempt": "88b9dab19ecd9e01",
        },
        {
            "task_id": "add",
            "passed": None,
            "reward": None,
            "share": None,
            "score": 0.0,
            "reason": "the sandbox was closed",
            "status": "unavailable",
            "strength": "tests",
            "isolation": "",
            "trust": "outside",
            "judge": "tests",
            "attempt": "d61f973e64f4166b",
        },
    ],
}
"""An answer for the OpenAPI page. FastAPI drops null from a model's own examples, and null is the point of this one."""


def _clean(value: Any) -> Any:
    """Half a character, which JSON can spell and no file can hold, becomes a question mark."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else value


Text = Annotated[str, BeforeValidator(_clean)]


class Item(BaseModel):
    """One program to be judged: a model's completion of the task's prompt, or a whole program."""

    model_config = ConfigDict(extra="forbid")
    task_id: Annotated[Text, Field(max_length=500, description="The task, as the task set names it.")]
    completion: Annotated[Text | None, Field(description="A model's words after the prompt.")] = None
    program: Annotated[Text | None, Field(description="A whole program, run as it stands.")] = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "Item":
        if (self.completion is None) == (self.program is None):
            raise ValueError("give either completion or program")
        return self

    def written(self) -> Written:
        """The item as a referee takes it."""
        if self.program is not None:
            return Written(self.task_id, self.program, whole=True)
        return Written(self.task_id, self.completion or "")


class Ask(BaseModel):
    """A batch of programs; the verdicts come back in its order."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"task_id": "add", "completion": "    return a + b\n"},
                        {"task_id": "add", "program": "def add(a, b):\n    return a - b\n"},
                    ],
                    "partial": False,
                }
            ]
        },
    )
    items: Annotated[list[Item], Field(min_length=1)]
    partial: Annotated[bool, Field(description="Reward a failed program by its share of the hidden tests.")] = False


class Said(BaseModel):
    """One verdict. `passed` and `reward` are null where it could not be judged: that is neither a pass nor a 0."""

    task_id: str
    passed: bool | None
    reward: Annotated[float | None, Field(description="1 for a pass, 0 or the share for a failure, null for neither.")]
    share: Annotated[float | None, Field(description="Share of the hidden tests passed, with `partial`.")]
    score: float
    reason: Annotated[str, Field(description="A few words; no input and no expected value of a hidden test.")]
    status: str
    strength: str
    isolation: str
    trust: str
    judge: str
    attempt: str


class Answer(BaseModel):
    """The verdicts on a batch, in its order, and the digest of how they were reached."""

    protocol: Annotated[str, Field(description="Equal digests: same judge, limits, reply parser and isolation.")]
    verdicts: list[Said]


class Refusal(BaseModel):
    """Why a request was not taken."""

    detail: str


def answer(protocol: str, items: Sequence[Item], decided: Sequence[Decided]) -> Answer:
    """The answer to a batch. All of a verdict is told but one thing: what a test that does not run says of itself."""
    verdicts = [
        Said(task_id=item.task_id, reward=reward_of(own), share=own.share, **encode(public(own.verdict)))
        for item, own in zip(items, decided, strict=True)
    ]
    return Answer(protocol=protocol, verdicts=verdicts)
