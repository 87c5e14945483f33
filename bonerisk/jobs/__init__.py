"""What each subcommand does, top to bottom, one file each."""
