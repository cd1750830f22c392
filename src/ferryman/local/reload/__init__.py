"""`ferryman dev`: runs the app here, and reloads it at each save."""
