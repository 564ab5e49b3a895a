"""The keep: what it remembers, and that nothing which can be on a disk makes it answer wrongly."""
