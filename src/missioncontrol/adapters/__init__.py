"""How one outside thing is spoken to: a file or a folder for each."""
