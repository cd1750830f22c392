"""What `ferryman dev` does: the app runs here, and a saved change is in the next answer.

It knows the targets that it imitates; nothing of it ships.
"""
