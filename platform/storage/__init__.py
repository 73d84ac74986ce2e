"""Bytes and keys: where sealed objects lie and what opens them."""
