"""The speaker's own door: by a link that is the person's, without the tenant's help."""
