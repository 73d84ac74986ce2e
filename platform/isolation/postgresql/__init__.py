"""Django's PostgreSQL backend, with a cheaper look at whether a session still lives."""
