"""What stands above operations and services: the one place where operations are executed."""
