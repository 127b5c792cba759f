"""How agents of each runtime kind are reached."""
