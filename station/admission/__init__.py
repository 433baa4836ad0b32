"""Who comes in, and what was refused: the same at station and centre."""
