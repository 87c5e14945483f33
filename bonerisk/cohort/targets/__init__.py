"""What a model is to predict: a file a target, found by its name. Adding one adds a file with a `TARGET`."""
