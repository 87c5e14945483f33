"""Whether predicted probabilities are true: binary, and at a horizon under censoring and competing events."""
