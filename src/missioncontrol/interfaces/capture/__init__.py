"""Events of a product's people as they come in over HTTP, from the libraries of others."""
