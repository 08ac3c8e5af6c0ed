"""Verdicts as rewards for trainers that are not ours: TRL, verl, and any other over HTTP.

Only this package's judges decide, in the same sandbox and under the same rules as in a run. What no judge could
decide has no reward: None, never 0. Training is the trainer's business; `etude.serving` is the judge as a server.

    >>> from etude.rewards import execution_reward
    >>> with execution_reward("lab[train][0:1]") as reward:
    ...     reward(["    return xs"], task_id=["lab/train/0000"])
    [0.0]
"""

from etude.rewards.completions import words_of
from etude.rewards.execution import ExecutionReward, execution_reward
from etude.rewards.referee import Decided, Referee, Written
from etude.rewards.remote import remote_reward
from etude.rewards.rows import rows

__all__ = [
    "Decided",
    "ExecutionReward",
    "Referee",
    "Written",
    "execution_reward",
    "remote_reward",
    "rows",
    "words_of",
]
