"""Voices that leave with their owner: one file that speaks elsewhere and marks everything it says."""
