"""How operations and queries reach people and programs: each surface is made of declarations."""
