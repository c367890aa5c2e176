"""Plans new products from a goal alone: no code, no model, no network."""
