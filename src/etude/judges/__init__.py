"""What decides: tests, stdin/stdout, puzzles. Every verdict is formed outside the program's process."""
