"""Officers of both authorities who work a station over its own HTTP interface."""
