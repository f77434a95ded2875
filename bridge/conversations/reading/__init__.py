"""What pages and the REST API are shown, noun by noun: functions of a connection that select and build views.

Owns the queries behind reader.py. It must never write, decide, or skip rows by OFFSET.
"""
