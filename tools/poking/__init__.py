"""Poking: a forward and an inverse model learned jointly from random pokes of the table."""
