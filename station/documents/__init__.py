"""Turns values into PDF documents; knows no store."""
