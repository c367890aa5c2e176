"""The services of product analytics: questions, commands, alerts and digests."""
