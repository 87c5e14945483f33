"""A file a check: its title, and what it compares in a document; found by the folder, as everything is."""
