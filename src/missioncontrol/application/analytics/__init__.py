"""How the use of products is asked about, and who may change what is measured."""
