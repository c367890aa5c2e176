"""The worker side: takes leases of a server, and runs their agents on this machine."""
