"""The whole engine in a world whose clock jumps and whose troubles are planted, by seed."""
