"""The governing model gateway, at which any tool points its base address."""
