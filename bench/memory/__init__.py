"""How well what is remembered is found again."""
