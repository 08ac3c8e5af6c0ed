"""Look at a run: one self-contained HTML file."""
