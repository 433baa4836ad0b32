"""Joins the parts into one station. The only place that reads the clock."""
