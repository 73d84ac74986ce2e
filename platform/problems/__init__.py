"""The kinds of things that go wrong, and their one translation into RFC 9457 answers."""
