"""What is done to a running system, one kind of load or rest a file."""
