"""The answer as a page: HTML and SVG text made of a study's values. Pure: it writes no file."""
