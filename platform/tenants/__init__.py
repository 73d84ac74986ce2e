"""Organisations, their members and API keys, what each may do, and how much."""
