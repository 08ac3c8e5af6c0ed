"""Is a task set sound? A health card for every task, from running its reference, cheats and mutants.

`health.cards` makes the cards, `index` keeps what they found as a small file that others can use. What can be seen
without running anything is in `etude.sources.check`, and is on the cards, too.
"""
