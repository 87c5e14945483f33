"""Pure functions on arrays, from a film to an encoder's input."""
