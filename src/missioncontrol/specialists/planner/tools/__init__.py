"""Tools by which a model or an agent reads a repository while it plans; none of them writes."""
