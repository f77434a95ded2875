"""Local stand-ins of the platforms: for the demo, the tests and the load, with what each customer saw written down.

Everything is kept in memory and bounded; a restart forgets it.
"""
