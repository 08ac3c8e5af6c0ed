"""Puzzles made by programs: families that people write, and the grammar of short expressions that may answer them."""
