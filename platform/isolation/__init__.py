"""Tenants never meet: the row base, the transaction's tenant, and the row-level security of every table.

Below everything that stores rows. It knows that tenants exist and nothing else about them.
"""
