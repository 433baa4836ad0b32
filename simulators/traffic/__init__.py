"""Trucks and their trips: drawn from real lorry records, fitted to the drawings of the 认定标准."""
