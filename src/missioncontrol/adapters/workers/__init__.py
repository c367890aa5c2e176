"""The worker's side: holds leases of a server elsewhere, and carries them out on this machine."""
