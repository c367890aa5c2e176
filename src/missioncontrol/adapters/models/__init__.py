"""Language models behind the model port."""
