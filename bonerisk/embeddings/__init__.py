"""Embeddings of films, each computed once and kept on disk."""
