"""The benchmark: simulated customers and agents on one side, a counting desk on the other, the bridge between.

It measures the real processes over real sockets and imports nothing of the bridge.
"""
