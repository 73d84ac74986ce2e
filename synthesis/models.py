"""Tables of synthesis."""
