"""Sentences to read aloud, in an order that makes the voice usable as early as possible."""
