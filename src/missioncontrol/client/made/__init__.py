"""Methods of the clients that are made of declarations; see `surfaces.client`."""
