"""`ferryman dev`: the app runs here, and the next answer holds each saved change."""
