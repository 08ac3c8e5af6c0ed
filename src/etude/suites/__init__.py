"""How good is it: pass@k with intervals, and comparison at equal budget."""
