"""`ferryman dev`: runs the app on this machine, and reloads it at each save."""
