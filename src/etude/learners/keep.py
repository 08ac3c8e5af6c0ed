"""The learner that learns nothing: for runs that only collect data, and as a control for what a learner adds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from etude.protocols import State
from etude.records import Agent, Example


@dataclass(frozen=True, slots=True)
class Keep:
    """Keeps the agent as it is; the round's rows are written all the same."""

    def learn(self, agent: Agent, examples: Sequence[Example], state: State) -> Agent:
        """The same agent, named by this round."""
        return replace(agent, round=state.round)
