"""How it is learned: rows in, an ordinary model folder out."""
