"""Renders a study as HTML and SVG text. It writes no file."""
