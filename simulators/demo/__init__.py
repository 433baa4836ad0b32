"""The whole system and the world around it, started, watched, and held against the truth."""
