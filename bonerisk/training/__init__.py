"""Train encoder and head together; loop and settings serve any objective."""
