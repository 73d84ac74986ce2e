"""The log: what was done, in an order and a form that nobody can change unseen."""
