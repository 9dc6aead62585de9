"""Games: worlds of small pictures, the virtual keyboard drawn on them, and recorded play."""
