"""The web page: a conversation on the left, the mind's eye on the right.

The page owns nothing. A conversation is a process of its own that appends to a record;
the page reads the record, and what it is asked to do it hands on.
"""
