"""Printed tables checked against themselves: what can't be true of the numbers in them."""
