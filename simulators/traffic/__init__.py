"""simulators.traffic."""
