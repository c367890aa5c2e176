"""How quickly the command line answers."""
