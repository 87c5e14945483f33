"""A trained model as one thing, and the contracts of the parts that it is built from."""
