"""The `mission` command."""
