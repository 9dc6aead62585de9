"""Conversations: tasks, questions, what-ifs and follow-ups about one table, in free words."""
