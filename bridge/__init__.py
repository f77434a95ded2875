"""The bridge between customers on their channels and agents at their desks."""
