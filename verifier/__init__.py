"""Checks an exported evidence bundle (证据包). Shares no code with the programs that made it."""
