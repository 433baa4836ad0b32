"""The commands of ``python -m station``, a module for each field."""
