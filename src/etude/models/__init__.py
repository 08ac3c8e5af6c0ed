"""Who writes: language models behind one contract, the prompts they are given and the reading of their replies."""
