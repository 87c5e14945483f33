"""How each kind of outcome is evaluated."""
