"""What a simulated lumbar spine is made of, and its projection from the side."""
