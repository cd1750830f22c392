"""The traffic of a real application, carried across and back under load: `make demo-migrate`."""
