"""ADAPTER: private keys, made here and kept in files that only their user can read."""
