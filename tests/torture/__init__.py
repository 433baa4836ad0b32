"""Scenarios that try to break the promises of the ledger: ``python -m tests.torture``."""
