"""The embedded default: a task world made by a seeded generator, and a tiny model that ships with the package."""
