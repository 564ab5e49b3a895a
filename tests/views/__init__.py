"""What people and machines read, tested by what stands in it."""
