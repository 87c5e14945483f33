"""What a simulated chest is made of, and its projection."""
