"""Where the parts meet: the containers, the executor of operations, and the processes beside."""
