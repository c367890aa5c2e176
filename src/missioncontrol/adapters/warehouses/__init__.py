"""Where the events of products are kept."""
