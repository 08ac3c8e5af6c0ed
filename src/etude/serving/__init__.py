"""The judge as a server: programs come over HTTP, verdicts go back. `etude serve judge` is its command.

It bounds what it takes on, says when it is full, finishes what it has begun, and never tells a hidden test. Who decides
is `etude.rewards.referee`; the client that a trainer uses is `etude.rewards.remote`.
"""
