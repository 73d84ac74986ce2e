"""Forgetting a person: what is destroyed, in which order, and the certificate that says so."""
