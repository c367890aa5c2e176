"""How people and programs come in: links, passwords, OIDC, tokens, and what guards every route."""
