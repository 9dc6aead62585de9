"""Screens of games, keyboard and all, continued: a video model that is also a player."""
