"""What only one paper has: its section, tables and figures, a folder a paper."""
