"""The documents that machines read, as models."""
