"""Features (n, width) to risk (n,); higher is worse."""
