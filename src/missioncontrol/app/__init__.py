"""Where the parts meet: the containers, the processes beside the engine, and its settings."""
