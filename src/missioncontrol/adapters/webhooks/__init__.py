"""Webhooks: the file of what is to be delivered, and the way to an address."""
